// Package protocol holds the wire between the harness and a contender: the
// types of every request and reply, version 1, and the validation of replies.
//
// A contender is not trusted, so a reply is read in two steps. It must first be
// a JSON object with the fields that the request asked for, each of the type
// and in the range that the contract gives; whether the content is right (a
// label, a score) is judged elsewhere, against a reference. Both halves use
// these types: the harness, and the contenders that are written in Go.
//
// docs/PROTOCOL.md states the contract for people who bring their own engine.
package protocol
