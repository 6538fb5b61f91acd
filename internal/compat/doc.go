// Package compat compares concierge with the real consul-template: both render
// the same templates from the same real Consul and Vault, and what they leave
// behind (bytes, modes, owners, exit statuses) must be the same, except where
// a row of [Rows] says that it differs and why.
//
// The cases are data, in testdata/cases: see the comment of parseTheme for the
// form of such a file. docs/compatibility.md is generated from [Rows].
package compat
