package cli

// This file compares a published schema with the Go type of the record that it describes.

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cupel/docs/schemas"
)

// missingFields lists what the schema of that name lacks of a record type: fields, and
// whether they are required. Of a union it takes the definition with the type's name.
func missingFields(name string, record reflect.Type) ([]string, error) {
	text, err := schemas.Text(name)
	if err != nil {
		return nil, err
	}
	var root node
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	c := comparison{file: "docs/schemas/" + name + ".schema.json", definitions: root.Definitions, seen: map[reflect.Type]bool{}}
	if defined, ok := root.Definitions[typeName(record)]; ok && root.Properties == nil {
		c.object(record, defined)
	} else {
		c.object(record, &root)
	}
	return c.found, nil
}

// node is as much of a schema as missingFields looks at.
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
