// Package hclfile reads configuration files in version 1 of HCL, or in JSON,
// into structs, and lays several of them over each other. It is for the files
// of other programs, so it is as lenient as those are: a number may stand for a
// text, a list may be one text with commas. But every key must be known, and
// every error has its place.
//
// A struct describes a block. Its fields have a tag with the name of the key,
// and are a [Value] (a single value or a list of texts), a [Command], another
// struct (a block; of several in one file the last one counts) or a slice of
// structs (a block that is repeated):
//
//	type Consul struct {
//		Address hclfile.Value[string] `hcl:"address"`
//		Retry   Retry                 `hcl:"retry"`
//	}
//
// A name after a comma is an older spelling. Keys are known in any case. A
// block whose pointer implements [TextBlock] may be written as a text, too.
package hclfile
