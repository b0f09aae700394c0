// Package protocol holds the messages between the harness and a contender: the types of
// every request and reply, version 1, and the validation of replies.
//
// The harness does not trust a contender. A reply must be a JSON object with the fields
// that the request asked for, each of the right type and in the range of the protocol.
// Whether the content is right (a label, a score) is judged elsewhere, against a
// reference. Both sides use these types: the harness, and the contenders written in Go.
//
// docs/PROTOCOL.md describes the protocol for authors of runners.
package protocol
