package verify

// This file checks the seal and says who signed it.

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"cupel/docs/schemas"
)

type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID     string `json:"keyid"`
	Sig       string `json:"sig"`
	Extension struct {
		Ext envelope `json:"ext"`
	} `json:"extension"`
}

type statement[P any] struct {
	Subject []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	Predicate P `json:"predicate"`
}

type sealed struct {
	Suite      string `json:"suite"`
	Plan       string `json:"plan_sha256"`
	LedgerRows int    `json:"ledger_rows"`
	LedgerHead string `json:"ledger_head_sha256"`
}

type role struct {
	Role      string `json:"role"`
	PublicKey string `json:"public_key"`
	Ephemeral bool   `json:"ephemeral"`
}

// encoding is strict, so that no bit of a base64 text is without meaning.
var encoding = base64.StdEncoding.Strict()

func (v *verification) checkSeal() {
	text, err := v.read(sealFile)
	if err != nil {
		v.unreadable(sealFile, err)
		return
	}
	if err := valid(schemas.Seal, text); err != nil {
		v.invalid(sealFile, err)
		return
	}
	if !canonical(text) {
		v.fault(sealFile, firstDifference(text), "is not written as it was: space between its parts was changed")
	}
	var seal envelope
	if err := json.Unmarshal(text, &seal); err != nil {
		v.fault(sealFile, offset(err), "%v", err)
		return
	}
	payload, err := encoding.DecodeString(seal.Payload)
	if err != nil {
		v.fault(sealFile, "payload", "%v", err)
		return
	}
	v.checkPayload(payload)
	for i, s := range seal.Signatures {
		signer, key, err := checkSignature(seal.PayloadType, payload, s)
		if err != nil {
			v.fault(sealFile, fmt.Sprintf("signatures[%d]", i), "%v", err)
			continue
		}
		v.report.Signers = append(v.report.Signers, signer)
		if v.options.Key != nil && v.options.Key.Equal(key) {
			v.options.Key = nil
		}
	}
	if v.options.Key != nil {
		v.fault(sealFile, "signatures", "none is by the key that was asked for")
	}
	v.checkRoles()
}

// roleRun is the role of whoever made the run.
const roleRun = "run"

// CheckRole says why nobody can add a signature of that role to a seal: it is that of
// whoever made the run, or reads like it, or like more than a role.
func CheckRole(role string) error {
	switch {
	case strings.TrimSpace(role) != role || role == "" || strings.ContainsFunc(role, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("role %q: a role is printable text without space around it", role)
	case strings.EqualFold(role, roleRun):
		return fmt.Errorf("role %q is that of whoever made the run, who signs it when it ends", role)
	}
	return nil
}

// checkRoles checks that one signer made the run, and that roles are told apart by
// what is read of them. Whether the seal shows who made it goes by that one's key:
// anybody can add a signature with a key that is kept.
func (v *verification) checkRoles() {
	var makers []Signer
	keys := map[string]bool{}
	for i, signer := range v.report.Signers {
		where := fmt.Sprintf("signatures[%d]", i)
		switch {
		case signer.Role == roleRun:
			makers = append(makers, signer)
		case CheckRole(signer.Role) != nil:
			v.fault(sealFile, where, "%v", CheckRole(signer.Role))
		}
		if keys[signer.KeyID] {
			v.fault(sealFile, where, "is the second one by key %s", signer.KeyID)
		}
		keys[signer.KeyID] = true
	}
	if len(makers) != 1 {
		v.fault(sealFile, "signatures", "%d are of the role %s; whoever made the run is one", len(makers), roleRun)
	} else if makers[0].Ephemeral {
		v.note("the seal's key was made for this bundle alone (ephemeral): it shows that nothing was changed since, and not who made it")
	}
}

func (v *verification) checkPayload(payload []byte) {
	if err := valid(schemas.SealPayload, payload); err != nil {
		v.fault(sealFile, "payload", "%v", err)
		return
	}
	var said statement[sealed]
	if err := json.Unmarshal(payload, &said); err != nil {
		v.fault(sealFile, "payload", "%v", err)
		return
	}
	subject := said.Subject[0] // the schema asks for one
	if subject.Name != manifestFile || subject.Digest["sha256"] != v.digests[manifestFile] {
		v.fault(manifestFile, "", "has SHA-256 %s; the seal is of %s with %s", v.digests[manifestFile], subject.Name, subject.Digest["sha256"])
	}
	if said.Predicate.Plan != v.digests[planFile] {
		v.fault(planFile, "", "has SHA-256 %s; the seal has %s", v.digests[planFile], said.Predicate.Plan)
	}
	if said.Predicate.LedgerRows != v.chain.rows || said.Predicate.LedgerHead != v.chain.head {
		v.fault(ledgerFile, "", "ends after %d rows with %s; the seal has %d rows and %s", v.chain.rows, v.chain.head, said.Predicate.LedgerRows, said.Predicate.LedgerHead)
	}
}

// checkSignature checks a signature and that its own key signed what is said of who
// signs.
func checkSignature(payloadType string, payload []byte, s signature) (Signer, ed25519.PublicKey, error) {
	ext := s.Extension.Ext
	text, err := encoding.DecodeString(ext.Payload)
	if err != nil {
		return Signer{}, nil, fmt.Errorf("extension: payload: %w", err)
	}
	if err := valid(schemas.RolePayload, text); err != nil {
		return Signer{}, nil, fmt.Errorf("extension: payload: %w", err)
	}
	var said statement[role]
	if err := json.Unmarshal(text, &said); err != nil {
		return Signer{}, nil, fmt.Errorf("extension: payload: %w", err)
	}
	if said.Subject[0].Name != sealFile || said.Subject[0].Digest["sha256"] != hexDigest(payload) {
		return Signer{}, nil, errors.New("extension: it was made for another seal")
	}
	key, err := publicKey(said.Predicate.PublicKey)
	if err != nil {
		return Signer{}, nil, fmt.Errorf("extension: public_key: %w", err)
	}
	id := keyID(key)
	if s.KeyID != id || len(ext.Signatures) != 1 || ext.Signatures[0].KeyID != id {
		return Signer{}, nil, fmt.Errorf("keyid is not that of its public key, %s", id)
	}
	for _, one := range []struct {
		payloadType, sig string
		body             []byte
	}{{payloadType, s.Sig, payload}, {ext.PayloadType, ext.Signatures[0].Sig, text}} {
		sig, err := encoding.DecodeString(one.sig)
		if err != nil || !ed25519.Verify(key, preAuthentication(one.payloadType, one.body), sig) {
			return Signer{}, nil, fmt.Errorf("sig is not that of key %s", id)
		}
	}
	return Signer{Role: said.Predicate.Role, KeyID: id, Ephemeral: said.Predicate.Ephemeral}, key, nil
}

// preAuthentication is what DSSE signs.
func preAuthentication(payloadType string, body []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(body), body)
}

func publicKey(text string) (ed25519.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T; expected an ed25519 key", parsed)
	}
	return key, nil
}

// keyID is the SHA-256 of the key's DER encoding.
func keyID(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	return hexDigest(der)
}
