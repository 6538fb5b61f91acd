package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// toolVariable is one of the variables that the command-line tools of Consul,
// Vault and etcd read.
type toolVariable struct{ name, path string }

// toolVariables lists those that are taken as they are. The order matters for
// settings that exclude each other: the first that is set wins.
func toolVariables() []toolVariable {
	return []toolVariable{
		{"CONSUL_HTTP_TOKEN", "sources.consul.token"},
		{"CONSUL_HTTP_TOKEN_FILE", "sources.consul.token_file"},
		{"CONSUL_CACERT", "sources.consul.tls.ca_file"},
		{"CONSUL_CLIENT_CERT", "sources.consul.tls.cert_file"},
		{"CONSUL_CLIENT_KEY", "sources.consul.tls.key_file"},
		{"CONSUL_TLS_SERVER_NAME", "sources.consul.tls.server_name"},
		{"CONSUL_NAMESPACE", "sources.consul.namespace"},
		{"CONSUL_PARTITION", "sources.consul.partition"},
		{"ETCDCTL_ENDPOINTS", "sources.etcd.endpoints"},
		{"ETCDCTL_PASSWORD", "sources.etcd.password"},
		{"ETCDCTL_CACERT", "sources.etcd.tls.ca_file"},
		{"ETCDCTL_CERT", "sources.etcd.tls.cert_file"},
		{"ETCDCTL_KEY", "sources.etcd.tls.key_file"},
		{"ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "sources.etcd.tls.insecure_skip_verify"},
		{"VAULT_ADDR", "secrets.vault.address"},
		{"VAULT_TOKEN", "secrets.vault.token"},
		{"VAULT_NAMESPACE", "secrets.vault.namespace"},
		{"VAULT_CACERT", "secrets.vault.tls.ca_file"},
		{"VAULT_CLIENT_CERT", "secrets.vault.tls.cert_file"},
		{"VAULT_CLIENT_KEY", "secrets.vault.tls.key_file"},
		{"VAULT_TLS_SERVER_NAME", "secrets.vault.tls.server_name"},
		{"VAULT_SKIP_VERIFY", "secrets.vault.tls.insecure_skip_verify"},
	}
}

// toolVariables fills what nothing else set. The address variables configure a
// store by themselves, but a store of configuration only when none is
// configured: a CONSUL_HTTP_ADDR that happens to be there must not change
// where keys are looked up.
func (l *loader) toolVariables() {
	s := &l.cfg.Sources
	if s.Consul == nil && s.Etcd == nil && s.File == nil {
		if _, ok := l.env["CONSUL_HTTP_ADDR"]; ok {
			s.Consul = new(Consul)
		}
		if _, ok := l.env["ETCDCTL_ENDPOINTS"]; ok {
			s.Etcd = new(Etcd)
		}
	}
	if _, ok := l.env["VAULT_ADDR"]; ok && l.cfg.Secrets.Vault == nil {
		l.cfg.Secrets.Vault = new(Vault)
	}
	l.consulAddress()
	l.consulVerify()
	l.etcdUser()
	for _, v := range toolVariables() {
		l.fill(v.name, v.path, l.env[v.name])
	}
	l.vaultTokenFile()
}

// fill sets a setting of a configured store unless it, or its alternative, is
// set already.
func (l *loader) fill(name, path, value string) {
	store := strings.Join(strings.Split(path, ".")[:2], ".")
	if value == "" || !l.configured(store) || l.taken(path) {
		return
	}
	if strings.HasSuffix(path, "_verify") {
		if on, err := strconv.ParseBool(value); err == nil {
			value = strconv.FormatBool(on) // the tools take 1 and TRUE, too
		}
	}
	l.d.set(l.cfg, path, []string{value}, Origin{File: name, layer: layerTool})
}

func (l *loader) configured(store string) bool {
	switch store {
	case "sources.consul":
		return l.cfg.Sources.Consul != nil
	case "sources.etcd":
		return l.cfg.Sources.Etcd != nil
	}
	return l.cfg.Secrets.Vault != nil
}

func (l *loader) taken(path string) bool {
	v, _, _ := settingAt(reflect.ValueOf(l.cfg).Elem(), path)
	_, written := l.d.origins[path]
	if written || !v.IsZero() {
		return true
	}
	for _, suffix := range []string{"token", "password"} {
		if strings.HasSuffix(path, "."+suffix) {
			v, _, _ = settingAt(reflect.ValueOf(l.cfg).Elem(), path+"_file")
			return !v.IsZero()
		}
		if sibling, ok := strings.CutSuffix(path, "_file"); ok && strings.HasSuffix(sibling, "."+suffix) {
			v, _, _ = settingAt(reflect.ValueOf(l.cfg).Elem(), sibling)
			return !v.IsZero()
		}
	}
	return false
}

// consulAddress adds the scheme that CONSUL_HTTP_SSL asks for.
func (l *loader) consulAddress() {
	address := l.env["CONSUL_HTTP_ADDR"]
	if on := l.toolBool("CONSUL_HTTP_SSL", "sources.consul.address"); on && address != "" && !strings.Contains(address, "://") {
		address = "https://" + address
	}
	l.fill("CONSUL_HTTP_ADDR", "sources.consul.address", address)
}

// toolBool reads a truth value of Consul's tools; unset is false.
func (l *loader) toolBool(name, path string) bool {
	value := l.env[name]
	if value == "" || !l.configured("sources.consul") {
		return false
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		from := Origin{File: name, layer: layerTool}
		l.d.errs = append(l.d.errs, &Error{from, path, shorten(value), "is neither true nor false", "write true or false"})
	}
	return on
}

func (l *loader) consulVerify() {
	const name = "CONSUL_HTTP_SSL_VERIFY"
	verify := l.toolBool(name, "sources.consul.tls.insecure_skip_verify")
	if l.env[name] != "" && !verify {
		l.fill("CONSUL_HTTP_SSL_VERIFY", "sources.consul.tls.insecure_skip_verify", "true")
	}
}

// etcdUser splits user:password. The password belongs to that user alone, so
// it is not taken when another user is configured.
func (l *loader) etcdUser() {
	user, password, _ := strings.Cut(l.env["ETCDCTL_USER"], ":")
	if !l.configured("sources.etcd") || l.taken("sources.etcd.username") {
		return
	}
	l.fill("ETCDCTL_USER", "sources.etcd.username", user)
	l.fill("ETCDCTL_USER", "sources.etcd.password", password)
}

// vaultTokenFile falls back to the file that "vault login" writes.
func (l *loader) vaultTokenFile() {
	home := l.env["HOME"]
	if home == "" || !l.configured("secrets.vault") {
		return
	}
	path := filepath.Join(home, ".vault-token")
	if _, err := os.Stat(path); err == nil {
		l.fill("~/.vault-token", "secrets.vault.token_file", path)
	}
}
