package consultemplate

import (
	"strconv"
	"strings"

	"concierge/internal/config/hclfile"
)

// variable is an environment variable that gives a setting its default. Of
// several for one setting the first that is set counts.
type variable struct{ path, name string }

func variables() []variable {
	return []variable{
		{"consul.address", "CONSUL_HTTP_ADDR"},
		{"consul.namespace", "CONSUL_NAMESPACE"},
		{"consul.token", "CONSUL_TOKEN"},
		{"consul.token", "CONSUL_HTTP_TOKEN"},
		{"consul.token_file", "CONSUL_TOKEN_FILE"},
		{"consul.token_file", "CONSUL_HTTP_TOKEN_FILE"},
		{"vault.address", "VAULT_ADDR"},
		{"vault.namespace", "VAULT_NAMESPACE"},
		{"vault.token", "VAULT_TOKEN"},
		{"vault.renew_token", "VAULT_RENEW_TOKEN"},
		{"vault.unwrap_token", "VAULT_UNWRAP_TOKEN"},
		{"vault.k8s_auth_role_name", "VAULT_K8S_AUTH_ROLE_NAME"},
		{"vault.k8s_service_account_token", "VAULT_K8S_SERVICE_ACCOUNT_TOKEN"},
		{"vault.k8s_service_account_token_path", "VAULT_K8S_SERVICE_ACCOUNT_TOKEN_PATH"},
		{"vault.k8s_service_mount_path", "VAULT_K8S_SERVICE_MOUNT_PATH"},
		{"vault.ssl.ca_cert", "VAULT_CACERT"},
		{"vault.ssl.ca_cert_bytes", "VAULT_CACERT_BYTES"},
		{"vault.ssl.ca_path", "VAULT_CAPATH"},
		{"vault.ssl.cert", "VAULT_CLIENT_CERT"},
		{"vault.ssl.key", "VAULT_CLIENT_KEY"},
		{"vault.ssl.server_name", "VAULT_TLS_SERVER_NAME"},
	}
}

// setting is a default as it would be written.
type setting struct{ path, text string }

// defaults are consul-template's. Those that are the same in concierge, and
// those that depend on other settings, are not among them.
func defaults() []setting {
	all := []setting{
		{"exec.kill_signal", "SIGINT"},
		{"exec.kill_timeout", "30s"},
		{"kill_signal", "SIGINT"},
		{"reload_signal", "SIGHUP"},
		{"max_stale", "2s"},
		{"vault.default_lease_duration", "5m"},
		{"vault.lease_renewal_threshold", "0.90"},
		{"syslog.facility", "LOCAL0"},
	}
	for _, store := range []string{"consul", "vault"} {
		for _, s := range []setting{
			{"retry.backoff", "250ms"},
			{"retry.max_backoff", "1m"},
			{"transport.dial_keep_alive", "30s"},
			{"transport.dial_timeout", "30s"},
			{"transport.idle_conn_timeout", "5s"},
			{"transport.max_idle_conns_per_host", "100"},
			{"transport.tls_handshake_timeout", "10s"},
		} {
			all = append(all, setting{store + "." + s.path, s.text})
		}
	}
	return all
}

// fillIn gives what was not given the value of its variable, or its default.
// doc has the settings of [Common].
func fillIn(doc any, env map[string]string) {
	for _, v := range variables() {
		text := strings.TrimSpace(env[v.name])
		if text == "" || hclfile.Given(doc, v.path) {
			continue
		}
		if _, err := strconv.ParseBool(text); err != nil && hclfile.IsBool(doc, v.path) {
			continue // consul-template passes over these, too
		}
		_ = hclfile.Set(doc, v.path, text, v.name) // texts and truth values only
	}
	if skip, err := strconv.ParseBool(env["VAULT_SKIP_VERIFY"]); err == nil && !hclfile.Given(doc, "vault.ssl.verify") {
		_ = hclfile.Set(doc, "vault.ssl.verify", strconv.FormatBool(!skip), "VAULT_SKIP_VERIFY")
	}
	for _, s := range defaults() {
		if !hclfile.Given(doc, s.path) {
			if err := hclfile.Set(doc, s.path, s.text, "default"); err != nil {
				panic("consultemplate: default of " + s.path + ": " + err.Error())
			}
		}
	}
}
