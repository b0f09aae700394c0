package evidence

// This file holds the keys that seals are signed with: ed25519, in PEM files as
// `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write them.

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// Key signs seals.
type Key struct {
	// Ephemeral says that the key was made for one bundle and is kept nowhere: its
	// signature shows that the bundle is as it was sealed, and not by whom.
	Ephemeral bool
	private   ed25519.PrivateKey
}

// NewKey makes an ephemeral key.
func NewKey() (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &Key{Ephemeral: true, private: private}, nil
}

// LoadKey reads a private key.
func LoadKey(path string) (*Key, error) {
	parsed, err := readPEM(path, "PRIVATE KEY", x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key: %s: %T; expected an ed25519 key, as `openssl genpkey -algorithm ed25519` makes it", path, parsed)
	}
	return &Key{private: private}, nil
}

// LoadPublicKey reads a public key, or takes a private one's public half.
func LoadPublicKey(path string) (PublicKey, error) {
	if key, err := LoadKey(path); err == nil {
		return key.PublicKey(), nil
	}
	parsed, err := readPEM(path, "PUBLIC KEY", x509.ParsePKIXPublicKey)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key: %s: %T; expected an ed25519 key", path, parsed)
	}
	return PublicKey(public), nil
}

// maxKeyBytes is far above what a file with one key has.
const maxKeyBytes = 64 << 10

func readPEM(path, kind string, parse func([]byte) (any, error)) (any, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxKeyBytes {
		return nil, fmt.Errorf("key: %s: %d bytes are too many for a key", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("key: %s: no PEM block of type %q", path, kind)
	}
	parsed, err := parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key: %s: %w", path, err)
	}
	return parsed, nil
}

// PublicKey is the public half of the key.
func (k *Key) PublicKey() PublicKey { return PublicKey(k.private.Public().(ed25519.PublicKey)) }

// Sign, KeyID and Public make the key one of package dsse.
func (k *Key) Sign(_ context.Context, data []byte) ([]byte, error) {
	return k.private.Sign(rand.Reader, data, crypto.Hash(0))
}

// KeyID names the key.
func (k *Key) KeyID() (string, error) { return k.PublicKey().ID(), nil }

// PublicKey checks signatures.
type PublicKey ed25519.PublicKey

// ID names the key: the SHA-256 of its DER encoding, in hex.
func (k PublicKey) ID() string {
	sum := sha256.Sum256(k.der())
	return hex.EncodeToString(sum[:])
}

// PEM is the key as a PEM block.
func (k PublicKey) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der()}))
}

func (k PublicKey) der() []byte {
	// The encoding of an ed25519 key can't fail.
	der, _ := x509.MarshalPKIXPublicKey(ed25519.PublicKey(k))
	return der
}

// Verify checks the signature of data.
func (k PublicKey) Verify(data, signature []byte) error {
	if len(k) != ed25519.PublicKeySize || !ed25519.Verify(ed25519.PublicKey(k), data, signature) {
		return errors.New("the signature is not the key's")
	}
	return nil
}
