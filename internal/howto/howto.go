// Package howto holds tests that add something to a copy of the module, as CONTRIBUTING
// tells, and use it there: what the pages ask for is enough, and no other file is.
package howto
