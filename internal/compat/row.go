package compat

// Kind says how concierge stands to consul-template in one respect.
type Kind string

// The kinds of rows.
const (
	Identical Kind = "identical"
	Better    Kind = "better on purpose"
	Different Kind = "different"
)

// Row is one line of docs/compatibility.md.
type Row struct {
	// ID is what a case names as the reason of its difference.
	ID   string
	Kind Kind
	// What is compared, and what each of both does if that is not the same.
	What string
	// Why it is not the same. Empty for identical rows.
	Why string
	// Tests back the row: the names of test functions of this package, or
	// "cases/THEME" for a file of testdata/cases. Cases that name the row are
	// added to these.
	Tests []string
}

// Rows returns all that is compared: first what is the same, then what is
// better, then what differs. Nothing else may differ.
func Rows() []Row {
	return append(append(identical(), better()...), different()...)
}
