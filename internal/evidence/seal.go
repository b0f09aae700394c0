package evidence

// This file holds the seal: an in-toto statement about the bundle in a DSSE
// envelope, which any number of roles can sign.
//
// A DSSE signature says nothing of who signs or as what, and its key's name is not
// signed. So each signature here comes with an extension, itself an envelope by the
// same key, with a statement about the seal's payload: the role, the public key and
// whether that is ephemeral.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"cupel/internal/suite"
)

// What statements and their envelopes say of their own shape.
const (
	PayloadType       = "application/vnd.in-toto+json"
	StatementType     = "https://in-toto.io/Statement/v1"
	SealPredicateType = "urn:x-cupel:seal:1"
	RolePredicateType = "urn:x-cupel:role:1"
)

// RoleRun is the role of whoever made the run.
const RoleRun = "run"

// Envelope is seal.dsse.json.
type Envelope struct {
	PayloadType string `json:"payloadType"`
	// Payload is the statement, in base64.
	Payload    string      `json:"payload"`
	Signatures []Signature `json:"signatures"`
}

// Signature is one signature of an envelope.
type Signature struct {
	KeyID     string     `json:"keyid"`
	Sig       string     `json:"sig"`
	Extension *Extension `json:"extension,omitempty"`
}

// Extension says who signed: an envelope with a statement of RolePredicateType.
type Extension struct {
	Kind string   `json:"kind"`
	Ext  Envelope `json:"ext"`
}

// InToto is an in-toto statement.
type InToto[P any] struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

// Subject is what a statement is about.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// SealPredicate is what a seal says beside the manifest's digest.
type SealPredicate struct {
	Suite string `json:"suite"`
	// Plan is the digest of plan.json.
	Plan string `json:"plan_sha256"`
	// LedgerRows and LedgerHead are where the ledger's chain ends.
	LedgerRows int    `json:"ledger_rows"`
	LedgerHead string `json:"ledger_head_sha256"`
}

// RolePredicate is what a signature says of who signs.
type RolePredicate struct {
	Role      string `json:"role"`
	PublicKey string `json:"public_key"`
	Ephemeral bool   `json:"ephemeral"`
}

// WriteSeal writes the manifest of the bundle in dir and a seal over it, signed
// with key as the one who made the run. Signatures of other roles on an earlier seal
// are gone with it: they were of other contents.
func WriteSeal(ctx context.Context, dir string, key *Key) error {
	manifest, err := MakeManifest(dir)
	if err != nil {
		return err
	}
	text, err := writeManifest(dir, ManifestFile, manifest)
	if err != nil {
		return err
	}
	payload, err := sealPayload(dir, manifest, digest(text))
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	envelope, err := envelop(ctx, payload, key, RoleRun)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return writeEnvelope(dir, envelope)
}

// Sign adds a role's signature to the seal of the bundle in dir. It does not look
// at what is sealed: that is verify's work, to be done before.
func Sign(ctx context.Context, dir string, key *Key, role string) error {
	envelope, err := ReadSeal(dir)
	if err != nil {
		return err
	}
	decoded := dsse.Envelope{PayloadType: envelope.PayloadType, Payload: envelope.Payload}
	payload, err := decoded.DecodeB64Payload()
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	id := key.PublicKey().ID()
	if slices.ContainsFunc(envelope.Signatures, func(s Signature) bool { return s.KeyID == id }) {
		return errors.New("seal: this key has signed already; a role has a key of its own")
	}
	added, err := envelop(ctx, payload, key, role)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	envelope.Signatures = append(envelope.Signatures, added.Signatures...)
	return writeEnvelope(dir, envelope)
}

// ReadSeal reads a bundle's seal and checks nothing of it.
func ReadSeal(dir string) (Envelope, error) {
	var envelope Envelope
	err := readJSON(dir, SealFile, &envelope)
	return envelope, err
}

func writeEnvelope(dir string, envelope Envelope) error {
	text, err := json.MarshalIndent(envelope, "", "  ")
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return WriteAtomic(filepath.Join(dir, SealFile), append(text, '\n'))
}

func sealPayload(dir string, manifest Manifest, manifestDigest string) ([]byte, error) {
	var plan suite.Plan
	if err := readJSON(dir, PlanFile, &plan); err != nil {
		return nil, err
	}
	chain, err := CheckLedger(dir)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(manifest.Files, func(e ManifestEntry) bool { return e.Path == PlanFile })
	if at < 0 {
		return nil, fmt.Errorf("no %s", PlanFile)
	}
	return json.Marshal(InToto[SealPredicate]{
		Type: StatementType, PredicateType: SealPredicateType,
		Subject:   []Subject{{Name: ManifestFile, Digest: map[string]string{"sha256": manifestDigest}}},
		Predicate: SealPredicate{Suite: plan.Suite, Plan: manifest.Files[at].SHA256, LedgerRows: chain.Rows, LedgerHead: chain.Head()},
	})
}

// envelop signs a seal's payload, and says who does.
func envelop(ctx context.Context, payload []byte, key *Key, role string) (Envelope, error) {
	said, err := json.Marshal(InToto[RolePredicate]{
		Type: StatementType, PredicateType: RolePredicateType,
		Subject:   []Subject{{Name: SealFile, Digest: map[string]string{"sha256": digest(payload)}}},
		Predicate: RolePredicate{Role: role, PublicKey: key.PublicKey().PEM(), Ephemeral: key.Ephemeral},
	})
	if err != nil {
		return Envelope{}, err
	}
	extension, err := signed(ctx, said, key)
	if err != nil {
		return Envelope{}, err
	}
	envelope, err := signed(ctx, payload, key)
	if err != nil {
		return Envelope{}, err
	}
	envelope.Signatures[0].Extension = &Extension{Kind: RolePredicateType, Ext: extension}
	return envelope, nil
}

func signed(ctx context.Context, payload []byte, key *Key) (Envelope, error) {
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return Envelope{}, err
	}
	made, err := signer.SignPayload(ctx, PayloadType, payload)
	if err != nil {
		return Envelope{}, err
	}
	envelope := Envelope{PayloadType: made.PayloadType, Payload: made.Payload}
	for _, signature := range made.Signatures {
		envelope.Signatures = append(envelope.Signatures, Signature{KeyID: signature.KeyID, Sig: signature.Sig})
	}
	return envelope, nil
}
