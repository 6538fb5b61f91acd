package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Guard is what must be true of a template's data, and of the size of its
// output, before a change is put in place.
type Guard struct {
	Require   []string  `yaml:"require" doc:"Keys that must exist; one that ends in a slash is a prefix with at least one key below it." pattern:"."`
	NonEmpty  []string  `yaml:"nonempty" doc:"Keys that must not be empty if the template uses them; one that ends in a slash stands for all below it, and / alone for everything the template uses, fields of secrets included." pattern:"."`
	MinKeys   []MinKeys `yaml:"min_keys" doc:"Least numbers of keys below prefixes."`
	MaxShrink string    `yaml:"max_shrink" doc:"Largest part of its bytes, for example 50%, that the file may lose in one change." pattern:"^([1-9]?[0-9]%)?$"`
}

// MinKeys is the least number of keys below a prefix.
type MinKeys struct {
	Prefix string `yaml:"prefix" doc:"Key prefix, best written as in the template." as:"required" pattern:"."`
	Count  int    `yaml:"count" doc:"Least number of keys below it, at any depth." as:"required"`
}

var percentage = regexp.MustCompile(`^([1-9]?[0-9]%)?$`)

// Keep returns how many per cent of a file must be left by one change, as
// MaxShrink says; 0 is no limit. It may be called on nil.
func (g *Guard) Keep() int {
	if g == nil || g.MaxShrink == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(g.MaxShrink, "%"))
	if err != nil {
		return 0
	}
	return 100 - n
}

// content checks the settings that look at the content of a file.
func (v *validator) content(at string, t *Template) {
	if t.Schema != "" {
		v.readable(at+".schema", t.Schema, "JSON Schema")
		if t.Format != "json" && t.Format != "yaml" && t.Format != "toml" {
			v.fail(at+".schema", t.Schema, "needs a format that a JSON Schema can check", "add format: json, yaml or toml")
		}
	}
	if t.Guard != nil {
		v.guard(at+".guard", t.Guard)
	}
}

func (v *validator) guard(at string, g *Guard) {
	for name, paths := range map[string][]string{".require": g.Require, ".nonempty": g.NonEmpty} {
		for i, p := range paths {
			if p == "" {
				v.fail(fmt.Sprintf("%s%s[%d]", at, name, i), "", "names no key", "write a key, or a prefix with a slash at its end")
			}
		}
	}
	for i, m := range g.MinKeys {
		item := fmt.Sprintf("%s.min_keys[%d]", at, i)
		if m.Prefix == "" {
			v.fail(item, "", "has no prefix", "add prefix, as it stands in the template")
		}
		if m.Count == 0 {
			v.fail(item, "", "has no count, or 0, which guards nothing", "add count: 1 or more")
		}
	}
	if !percentage.MatchString(g.MaxShrink) {
		v.fail(at+".max_shrink", g.MaxShrink, "is not a part of a file", "write 0% to 99%, for example 50%")
	}
}
