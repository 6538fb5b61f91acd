package config

import (
	"fmt"
	"regexp"
	"text/template"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (v *validator) env() {
	seen := make(map[string]string)
	for i, e := range v.cfg.Env {
		at := fmt.Sprintf("env[%d]", i)
		switch first, twice := seen[e.Name]; {
		case e.Name == "":
			v.fail(at, "", "has no name", "add name: VARIABLE")
		case !variableName.MatchString(e.Name):
			v.fail(at+".name", e.Name, "is not a name of a variable", "use letters, digits and underscores, a digit not first")
		case twice:
			v.fail(at+".name", e.Name, "is set by another entry, "+v.cfg.Where(first), "remove one of them")
		}
		seen[e.Name] = at + ".name"
		if !v.written(at + ".value") {
			v.fail(at, "", "has no value", `add value; "" sets the variable to nothing`)
		}
	}
	v.envPrefixes()
	v.envServices()
	v.envSecrets()
}

func (v *validator) envPrefixes() {
	for i, p := range v.cfg.EnvPrefix {
		at := fmt.Sprintf("env_prefix[%d]", i)
		if p.Path == "" {
			v.fail(at, "", "has no path", "add path, the key prefix")
		}
		if p.Prefix != "" && !variableName.MatchString(p.Prefix) {
			v.fail(at+".prefix", p.Prefix, "cannot begin a name of a variable", "use letters, digits and underscores, a digit not first")
		}
		v.format(at+".format", p.Format, "key", "replaceKey")
	}
}

func (v *validator) envServices() {
	for i, s := range v.cfg.EnvService {
		at := fmt.Sprintf("env_service[%d]", i)
		if s.Query == "" {
			v.fail(at, "", "has no query", "add query, the name of the service")
		}
		for _, f := range []struct{ name, text string }{
			{"id", s.FormatID}, {"name", s.FormatName}, {"address", s.FormatAddress}, {"tag", s.FormatTag}, {"port", s.FormatPort},
		} {
			v.format(at+".format_"+f.name, f.text, "service", "key")
		}
	}
}

func (v *validator) envSecrets() {
	for i, s := range v.cfg.EnvSecret {
		at := fmt.Sprintf("env_secret[%d]", i)
		if s.Path == "" {
			v.fail(at, "", "has no path", "add path, that of the secret")
		}
		v.format(at+".format", s.Format, "key", "replaceKey")
		for j, k := range s.Keys {
			key := fmt.Sprintf("%s.keys[%d]", at, j)
			if k.Name == "" {
				v.fail(key, "", "has no name", "add name, that of the field")
			}
			v.format(key+".format", k.Format, "key", "replaceKey")
		}
	}
}

// format checks a template of names, in which these functions are known.
func (v *validator) format(at, text string, functions ...string) {
	known := make(template.FuncMap)
	for _, name := range functions {
		known[name] = func(...string) string { return "" }
	}
	if _, err := template.New("format").Funcs(known).Parse(text); err != nil {
		v.fail(at, text, "is not a template of a name", "write for example APP_{{ key }}")
	}
}
