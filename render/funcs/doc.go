// Package funcs holds the template functions that read nothing from a store:
// consul-template's helpers with the same names, argument order and results,
// and the repeatable part of sprig. But for timestamp and sockaddr, which look
// at the clock and the network of this machine, they depend on nothing but
// their arguments.
//
// A value piped into a function is its last argument. Functions never modify
// their arguments, with the exception consul-template makes: mergeMap and
// mergeMapWithOverride fill the destination in place.
//
// Everything here is safe for concurrent use.
package funcs

// Func is one template function and what the function reference says of it.
type Func struct {
	Name  string
	Group string // heading in the reference
	Args  string // argument names in call order; those in brackets are optional
	Doc   string // one sentence or two
	// Example is a template and Output what it renders to. The output of an
	// example that depends on data is empty; all others are tested.
	Example string
	Output  string
	// Fn is the Go function. It is nil for functions that belong to a running
	// execution, which package render adds.
	Fn any
}

// Table returns all functions of this package but sprig's, grouped.
func Table() []Func {
	var t []Func
	for _, part := range [...][]Func{
		textTable(), encodingTable(), conversionTable(), arithmeticTable(), collectionTable(),
		mapTable(), catalogTable(), timeTable(), networkTable(),
	} {
		t = append(t, part...)
	}
	return t
}
