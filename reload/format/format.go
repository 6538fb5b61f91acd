// Package format finds out whether a text is what its format says: one JSON
// value, documents of YAML, TOML, XML, ini, PEM, or a certificate with its
// key. It also holds texts against a JSON Schema.
//
// What it says about a text is in two parts, because a text may hold secrets:
// the position and kind of a mistake, which never quote the text, and a detail,
// which may. It holds no state; everything may be called concurrently.
package format

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Format is how a text is to be written.
type Format string

// The formats.
const (
	JSON Format = "json" // one value; a key is set once
	YAML Format = "yaml" // any number of documents; a key is set once
	TOML Format = "toml"
	XML  Format = "xml" // one root element
	INI  Format = "ini" // sections, key = value, comments with # or ;
	PEM  Format = "pem" // at least one block
	// PEMPair is a certificate, perhaps with its chain, and its key: in one
	// text, or in several that [Pair] is given together.
	PEMPair Format = "pem-pair"
)

// Error is the first thing that is wrong with a text.
type Error struct {
	Format       Format
	Line, Column int    // begin at 1, columns count characters; 0: not known
	Kind         string // never quotes the text
	Detail       string // may quote the text; empty: nothing to add
}

// Error implements error without the detail, so that it can be shown whatever
// the text is.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "not valid %s", e.Format)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ", column %d", e.Column)
	}
	return b.String() + ": " + e.Kind
}

// Check returns an [*Error] if text is not in the format.
func (f Format) Check(text []byte) error {
	if e := f.look(text); e != nil {
		e.Format = f
		return e
	}
	return nil
}

func (f Format) look(text []byte) *Error {
	// What stands between the blocks of PEM is of no interest to anyone.
	if offset := notUTF8(text); offset >= 0 && f != PEM && f != PEMPair {
		return at(text, offset, "is not UTF-8")
	}
	switch f {
	case JSON:
		return checkJSON(text)
	case YAML:
		return checkYAML(text)
	case TOML:
		return checkTOML(text)
	case XML:
		return checkXML(text)
	case INI:
		return checkINI(text)
	case PEM:
		_, e := readPEM(text)
		return e
	case PEMPair:
		return checkPair(time.Now(), [][]byte{text})
	}
	return &Error{Kind: "is of no known format"}
}

// notUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func notUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	offset := 0
	for {
		r, size := utf8.DecodeRune(text[offset:])
		if r == utf8.RuneError && size <= 1 {
			return offset
		}
		offset += size
	}
}

// at returns an error about the byte at an offset.
func at(text []byte, offset int, kind string) *Error {
	before := text[:min(max(offset, 0), len(text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &Error{
		Line: bytes.Count(before, []byte{'\n'}) + 1, Column: utf8.RuneCount(before[start:]) + 1, Kind: kind,
	}
}
