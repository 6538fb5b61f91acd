// Package rules decides which samples are delivered, and under which names.
//
// The rules of a set are tried in order on every sample. One that drops or keeps
// decides: no later rule is looked at. One that changes (name, field, group,
// labels, value) goes on, and later rules see what it made. A sample that no rule
// drops is kept; a set that ends with a rule that drops everything keeps only what
// it names.
package rules
