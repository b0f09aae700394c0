// Package schemas holds the published JSON schemas of everything that cupel writes
// as JSON, and validates against them.
package schemas

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed *.schema.json
var files embed.FS

// The schemas' names: the files', without their ending.
const (
	Plan              = "plan"
	Ledger            = "ledger"
	Environment       = "environment"
	Observations      = "observations"
	Statement         = "statement"
	Manifest          = "manifest"
	Seal              = "seal"
	SealPayload       = "seal-payload"
	RolePayload       = "role-payload"
	Result            = "result"
	ComparisonSummary = "comparison-summary"
	Audit             = "audit"
	Calibrate         = "calibrate"
	Compare           = "compare"
	Baseline          = "baseline"
	Packages          = "packages"
	Build             = "build"
	Harness           = "harness"
	RunLog            = "run-log"
	Verify            = "verify"
	List              = "list"
	EngineCheck       = "engine-check"
)

const suffix = ".schema.json"

// Text is a schema's file.
func Text(name string) ([]byte, error) {
	text, err := files.ReadFile(name + suffix)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	return text, nil
}

var compiled sync.Map

func compile(name string) (*jsonschema.Schema, error) {
	if known, ok := compiled.Load(name); ok {
		return known.(*jsonschema.Schema), nil
	}
	text, err := Text(name)
	if err != nil {
		return nil, err
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(name+suffix, parsed); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	schema, err := compiler.Compile(name + suffix)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	compiled.Store(name, schema)
	return schema, nil
}

// Invalid is the error for a JSON text that has not the shape of its schema.
type Invalid struct {
	// Field is the path of the field, in dots; empty for the whole text.
	Field string
	// Text says what is wrong with it.
	Text string
}

func (e *Invalid) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + ": " + e.Text
}

// Validate checks a JSON text against the schema of that name. The error for another
// shape is an [Invalid].
func Validate(name string, text []byte) error {
	schema, err := compile(name)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	err = schema.Validate(value)
	if invalid := new(jsonschema.ValidationError); errors.As(err, &invalid) {
		return describe(invalid)
	}
	return err
}

// describe names the innermost fault: the outer ones say only that there is one. Of
// the alternatives of a union it tells the one that was meant, which is the one
// whose constants match.
func describe(fault *jsonschema.ValidationError) *Invalid {
	for len(fault.Causes) > 0 {
		at := slices.IndexFunc(fault.Causes, func(cause *jsonschema.ValidationError) bool { return !constant(cause) })
		fault = fault.Causes[max(at, 0)]
	}
	return &Invalid{
		Field: strings.Join(fault.InstanceLocation, "."),
		Text:  fault.BasicOutput().Error.String(),
	}
}

func constant(fault *jsonschema.ValidationError) bool {
	if _, ok := fault.ErrorKind.(*kind.Const); ok {
		return true
	}
	return slices.ContainsFunc(fault.Causes, constant)
}
