// Package schemas holds the published JSON schemas of everything that cupel writes
// as JSON, and validates against them.
package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
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

// Names lists all schemas.
func Names() []string {
	var names []string
	entries, _ := files.ReadDir(".") // of an embedded folder
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), suffix))
	}
	return names
}

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
		Text:  fault.ErrorKind.LocalizedString(message.NewPrinter(language.English)),
	}
}

func constant(fault *jsonschema.ValidationError) bool {
	if _, ok := fault.ErrorKind.(*kind.Const); ok {
		return true
	}
	return slices.ContainsFunc(fault.Causes, constant)
}

// Missing lists what the schema of that name lacks of a record type, so that a test
// can say so: fields, and whether they are required. Of a union it takes the
// definition with the type's name.
func Missing(name string, record reflect.Type) ([]string, error) {
	text, err := Text(name)
	if err != nil {
		return nil, err
	}
	var root node
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	c := comparison{file: "docs/schemas/" + name + suffix, definitions: root.Definitions, seen: map[reflect.Type]bool{}}
	if defined, ok := root.Definitions[typeName(record)]; ok && root.Properties == nil {
		c.object(record, defined)
	} else {
		c.object(record, &root)
	}
	return c.found, nil
}

// node is as much of a schema as Missing looks at.
type node struct {
	Ref         string           `json:"$ref"`
	Properties  map[string]*node `json:"properties"`
	Required    []string         `json:"required"`
	Items       *node            `json:"items"`
	OneOf       []*node          `json:"oneOf"`
	Additional  json.RawMessage  `json:"additionalProperties"`
	Definitions map[string]*node `json:"$defs"`
}

type comparison struct {
	file        string
	definitions map[string]*node
	seen        map[reflect.Type]bool
	found       []string
}

func (c *comparison) object(record reflect.Type, schema *node) {
	if c.seen[record] {
		return
	}
	c.seen[record] = true
	known := map[string]bool{}
	c.fields(record, schema, known, true)
	for name := range schema.Properties {
		if !known[name] {
			c.found = append(c.found, fmt.Sprintf("%s: %q is no field of %s; take it out", c.file, name, typeName(record)))
		}
	}
	slices.Sort(c.found)
}

func (c *comparison) fields(record reflect.Type, schema *node, known map[string]bool, due bool) {
	for i := range record.NumField() {
		field := record.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			c.fields(element(field.Type), schema, known, due && field.Type.Kind() != reflect.Pointer)
			continue
		}
		if name == "-" || !field.IsExported() {
			continue
		}
		known[name] = true
		required := due && !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero")
		property, ok := schema.Properties[name]
		if !ok {
			c.found = append(c.found, fmt.Sprintf("%s: %s.%s is written as %q, which the schema lacks; add it to its properties (type %s)%s",
				c.file, typeName(record), field.Name, name, field.Type, map[bool]string{true: " and to its required"}[required]))
			continue
		}
		if required != slices.Contains(schema.Required, name) {
			c.found = append(c.found, fmt.Sprintf("%s: %q of %s is required: %v; the schema says %v", c.file, name, typeName(record), required, !required))
		}
		c.value(field.Type, property)
	}
}

// value goes on with the records inside a field.
func (c *comparison) value(field reflect.Type, schema *node) {
	field = element(field)
	if field.Kind() != reflect.Struct {
		return
	}
	if inner := c.resolve(schema); inner != nil {
		c.object(field, inner)
	}
}

// element is what a pointer, list or map is of, at any depth.
func element(of reflect.Type) reflect.Type {
	for {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			of = of.Elem()
		default:
			return of
		}
	}
}

// resolve finds the object's schema within that of a field; nil where there is none.
func (c *comparison) resolve(schema *node) *node {
	switch {
	case schema == nil:
		return nil
	case schema.Properties != nil:
		return schema
	case schema.Ref != "":
		return c.definitions[strings.TrimPrefix(schema.Ref, "#/$defs/")]
	case schema.Items != nil:
		return c.resolve(schema.Items)
	}
	for _, alternative := range schema.OneOf {
		if inner := c.resolve(alternative); inner != nil {
			return inner
		}
	}
	var additional node
	if json.Unmarshal(schema.Additional, &additional) == nil {
		return c.resolve(&additional)
	}
	return nil
}

func typeName(record reflect.Type) string {
	name, _, _ := strings.Cut(record.Name(), "[")
	return name
}
