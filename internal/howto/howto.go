// Package howto holds tests that follow CONTRIBUTING.md: each adds something to a copy
// of the module and uses it there. The tests show that the listed files are enough.
package howto
