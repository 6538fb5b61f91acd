package main

import (
	"strings"
	"testing"

	"concierge/internal/exit"
	"concierge/render"
	"concierge/render/funcs"
)

func TestEveryFunctionIsExplained(t *testing.T) {
	all := render.Functions()
	for _, f := range all {
		var page strings.Builder
		if status, err := explainFunction(&page, all, f.Name); status != exit.OK || err != nil {
			t.Errorf("%s: status %d, %v", f.Name, status, err)
		}
		for _, part := range []string{f.Name + " " + f.Args, f.Doc, indent(f.Example), indent(f.Output)} {
			if !strings.Contains(page.String(), strings.TrimSpace(part)) {
				t.Errorf("%s: the page does not show %q:\n%s", f.Name, part, &page)
			}
		}
		if f.Doc == "" || f.Group == "" {
			t.Errorf("%s: no sentence or no group", f.Name)
		}
		if f.Example == "" && !strings.HasPrefix(f.Name, funcs.SprigPrefix) && f.Group != "Not supported" {
			t.Errorf("%s: no example", f.Name)
		}
	}
}

func TestGroupsOfFunctionsAreNotScattered(t *testing.T) {
	seen, last := map[string]bool{}, ""
	for _, f := range render.Functions() {
		if f.Group != last && seen[f.Group] {
			t.Errorf("%s: group %q comes again after %q", f.Name, f.Group, last)
		}
		seen[f.Group], last = true, f.Group
	}
}

func TestFunctionsAreFoundByTheNamesThatTemplatesUse(t *testing.T) {
	all := render.Functions()
	for name, want := range map[string]string{
		"upper": "sprig_upper string",   // the plain name of a sprig function
		"trim":  "trim characters text", // a name that sprig has, too, is the other function
		"len":   "template language itself",
		"index": "template language itself",
	} {
		var page strings.Builder
		if status, err := explainFunction(&page, all, name); status != exit.OK || !strings.Contains(page.String(), want) {
			t.Errorf("%s: status %d, %v, does not show %q:\n%s", name, status, err, want, &page)
		}
	}
	for name, want := range map[string]string{
		"keyOrDefalt": "did you mean keyOrDefault?",
		"true":        "unknown function true",
		"1 2":         "unknown function 1 2",
		"if x":        "unknown function",
	} {
		var page strings.Builder
		status, err := explainFunction(&page, all, name)
		if status != exit.Usage || err == nil || !strings.Contains(err.Error(), want) || page.Len() > 0 {
			t.Errorf("%q: status %d, %v, want %q", name, status, err, want)
		}
	}
}
