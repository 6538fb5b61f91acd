package config

import (
	"fmt"
	"slices"
	"strings"
)

// sources checks what the stores of configuration have in common.
func (v *validator) sources() {
	s := v.cfg.Sources
	names := s.names()
	switch {
	case s.Default == "":
		v.noDefault(names)
	case !slices.Contains(names, s.Default):
		v.fail("sources.default", s.Default, "is not a configured source",
			fmt.Sprintf("add %s: {} beside it, or write one of %s", s.Default, strings.Join(names, ", ")))
	}
	if s.Etcd == nil {
		return
	}
	password := !s.Etcd.Password.Empty() || s.Etcd.PasswordFile != ""
	switch {
	case password && s.Etcd.Username == "":
		v.fail("sources.etcd", "", "has a password but no user", "add username")
	case s.Etcd.Username != "" && !password:
		v.fail("sources.etcd.username", s.Etcd.Username, "is a user without a password", "add sources.etcd.password_file or password")
	}
}

// noDefault names each source with the place that configured it, which may be
// a mere variable.
func (v *validator) noDefault(names []string) {
	all := make([]string, len(names))
	places := make(map[string]bool)
	for i, name := range names {
		o := v.cfg.begin("sources." + name)
		all[i], places[o.File] = fmt.Sprintf("%s (%s)", name, o), true
	}
	last := len(all) - 1
	e := &Error{
		Origin: v.cfg.origin("sources"), Path: "sources",
		Reason: "has " + strings.Join(all[:last], ", ") + " and " + all[last] + " but no default",
		Hint:   "set sources.default to the one that bare keys ask",
	}
	if len(places) > 1 {
		e.Origin = Origin{} // no single place is to blame
	}
	v.errs = append(v.errs, e)
}

func (v *validator) tls(at string, configured bool, get func() TLS) {
	if !configured {
		return
	}
	t := get()
	if (t.CertFile == "") != (t.KeyFile == "") {
		v.fail(at, "", "has one of cert_file and key_file", "add the other")
	}
	for _, f := range []struct{ name, path string }{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}} {
		if f.path != "" {
			v.readable(at+"."+f.name, f.path, "PEM file")
		}
	}
}
