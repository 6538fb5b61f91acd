package config

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// addresses checks where the stores are.
func (v *validator) addresses() {
	if c := v.cfg.Sources.Consul; c != nil {
		v.address("sources.consul.address", c.Address, addressForm{
			written: "host:port, http(s)://host:port or unix:///path", login: "set sources.consul.token_file instead", bare: true})
	}
	if vault := v.cfg.Secrets.Vault; vault != nil {
		v.address("secrets.vault.address", vault.Address, addressForm{
			written: "http(s)://host:port or unix:///path", login: "set secrets.vault.token_file instead"})
	}
	e := v.cfg.Sources.Etcd
	if e == nil {
		return
	}
	if len(e.Endpoints) == 0 {
		v.fail("sources.etcd.endpoints", "", "is an empty list", "write [host:port], or remove the line for the default")
	}
	for i, endpoint := range e.Endpoints {
		v.address(fmt.Sprintf("sources.etcd.endpoints[%d]", i), endpoint, addressForm{
			written: "host:port, http(s)://host:port or unix:///path", login: "set sources.etcd.username and password_file instead", bare: true})
	}
}

// addressForm is how the address of a store is written.
type addressForm struct {
	written string // for hints
	login   string // where credentials belong, for hints
	bare    bool   // may be without a scheme
}

// address checks one address. One that may hold a password is never shown.
func (v *validator) address(at, address string, form addressForm) {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	}
	host, _, _ := strings.Cut(rest, "/")
	hint := "write " + form.written
	switch {
	case address == "":
		v.fail(at, "", "is empty", hint)
	case scheme != "unix" && strings.Contains(address, "@"):
		v.fail(at, "", "has credentials in the address, where logs would show them", form.login)
	case strings.ContainsAny(rest, "?#"):
		v.fail(at, "", "has more than an address behind ? or #", hint)
	case !found && !form.bare:
		v.fail(at, address, "has no scheme", hint)
	case found && !slices.Contains([]string{"http", "https", "unix"}, scheme):
		v.fail(at, address, "has an unknown scheme", hint)
	case scheme == "unix" && rest != "":
	case !isHost(host):
		v.fail(at, address, "is not an address", hint+", with a port from 1 to 65535")
	}
}

// isHost reports whether s is a host with or without a port.
func isHost(s string) bool {
	u, err := url.Parse("http://" + s)
	if err != nil || u.Hostname() == "" || u.Host != s || strings.HasSuffix(s, ":") {
		return false
	}
	if u.Port() == "" {
		return true
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}
