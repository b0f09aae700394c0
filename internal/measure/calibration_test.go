package measure

// This file tests that the harness's own floor is measured.

import (
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"cupel/internal/fake"
)

// How large the figures are is the machine's affair, so none is judged.
func TestEveryFigureOfTheFloorIsMeasured(t *testing.T) {
	command, variables := fake.Command(fake.Honest)
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip(err)
	}
	floor, err := Calibrate(t.Context(), slices.Concat([]string{env}, variables, command), nil)
	if err != nil {
		t.Fatal(err)
	}
	hidden := map[string]bool{
		"CacheBytes": true, // a virtual machine may not say
		// The kernel's account of a process is Linux's.
		"AccountNanoseconds": runtime.GOOS != "linux",
	}
	var look func(v reflect.Value)
	look = func(v reflect.Value) {
		for i := range v.NumField() {
			name, field := v.Type().Field(i).Name, v.Field(i)
			switch field.Kind() {
			case reflect.Struct:
				look(field)
			case reflect.Pointer:
				// Nil where it is not measured.
			case reflect.Float64:
				if !(field.Float() > 0) && !hidden[name] {
					t.Errorf("%s is %v", name, field)
				}
			case reflect.Int64:
				if field.Int() <= 0 && !hidden[name] {
					t.Errorf("%s is %v", name, field)
				}
			default:
				t.Errorf("%s is a %s, which this test does not look at", name, field.Kind())
			}
		}
	}
	look(reflect.ValueOf(floor))
}

func TestAFloorWithoutAContenderIsAnError(t *testing.T) {
	if _, err := Calibrate(t.Context(), []string{"false"}, nil); err == nil {
		t.Error("the round trip of a pipe to a program that says nothing was measured")
	}
}
