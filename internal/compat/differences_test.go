package compat

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document holds the table of rows between two comments.
const document = "../../docs/compatibility.md"

// TestEveryRowIsBacked requires of each row tests that exist, and of each case
// with a difference a row that allows it.
func TestEveryRowIsBacked(t *testing.T) {
	tests := declaredTests(t)
	backing := backedBy(t)
	seen := make(map[string]bool)
	for _, row := range Rows() {
		if seen[row.ID] {
			t.Errorf("row %s is there twice", row.ID)
		}
		seen[row.ID] = true
		if len(backing[row.ID]) == 0 {
			t.Errorf("row %s has no test", row.ID)
		}
		if (row.Why == "") != (row.Kind == Identical) {
			t.Errorf("row %s: a difference needs a reason, and nothing else does", row.ID)
		}
		for _, name := range row.Tests {
			if !slices.Contains(tests, name) {
				t.Errorf("row %s names %s, which does not exist", row.ID, name)
			}
		}
	}
	for id := range backing {
		if !seen[id] {
			t.Errorf("cases name the row %q, which does not exist", id)
		}
	}
}

// declaredTests returns the names that rows may use.
func declaredTests(t *testing.T) []string {
	t.Helper()
	var all []string
	for theme := range themes(t) {
		all = append(all, "cases/"+theme)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllSubmatch(text, -1) {
			all = append(all, string(m[1]))
		}
	}
	return all
}

// backedBy returns the tests of each row, with the cases that name it.
func backedBy(t *testing.T) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for _, row := range Rows() {
		all[row.ID] = append(all[row.ID], row.Tests...)
	}
	for theme, cases := range themes(t) {
		for _, c := range cases {
			if c.differs != "" {
				all[c.differs] = append(all[c.differs], "cases/"+theme+"/"+c.name)
			}
		}
	}
	return all
}

// TestDocumentHasTheRows compares the document's table with the rows; -update
// writes it.
func TestDocumentHasTheRows(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- rows -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rows, between %q and %q", document, begin, end)
	}
	want := []byte(before + begin + table(t) + end + after)
	if *updateFlag {
		if err := os.WriteFile(document, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, want) {
		t.Errorf("%s is not what the rows say: run go test ./internal/compat -run TestDocument -update", document)
	}
}

// table is the rows as the document shows them.
func table(t *testing.T) string {
	t.Helper()
	backing := backedBy(t)
	var b strings.Builder
	b.WriteString("| what | how | why | test |\n|---|---|---|---|\n")
	for _, row := range Rows() {
		tests := slices.Sorted(slices.Values(backing[row.ID]))
		for i, name := range tests {
			tests[i] = "`" + name + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.ReplaceAll(row.What, "|", `\|`), row.Kind, row.Why, strings.Join(tests, ", "))
	}
	return b.String()
}
