package consultemplate

import (
	"errors"
	"strings"
	"time"

	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

// Consul is how Consul is reached. It may be written as its address alone.
type Consul struct {
	Address   hclfile.Value[string]       `hcl:"address"`
	Namespace hclfile.Value[string]       `hcl:"namespace"`
	Token     hclfile.Value[secrets.Text] `hcl:"token"`
	TokenFile hclfile.Value[string]       `hcl:"token_file"`
	Auth      Auth                        `hcl:"auth"`
	Retry     Retry                       `hcl:"retry"`
	SSL       SSL                         `hcl:"ssl"`
	Transport Transport                   `hcl:"transport"`
}

// SetText implements [hclfile.TextBlock].
func (c *Consul) SetText(text, at string) error {
	c.Address = hclfile.Of(text, at)
	return nil
}

// Auth is HTTP basic authentication. It may be written as user:password.
type Auth struct {
	Enabled  hclfile.Value[bool]         `hcl:"enabled"`
	Username hclfile.Value[string]       `hcl:"username"`
	Password hclfile.Value[secrets.Text] `hcl:"password"`
}

// SetText implements [hclfile.TextBlock].
func (a *Auth) SetText(text, at string) error {
	if text == "" {
		return errors.New("is empty; write user or user:password")
	}
	user, password, both := strings.Cut(text, ":")
	a.Username = hclfile.Of(user, at)
	if both {
		a.Password = hclfile.Of(secrets.NewText(password), at)
	}
	return nil
}

// Vault is how Vault is reached.
type Vault struct {
	Address                    hclfile.Value[string]        `hcl:"address"`
	Enabled                    hclfile.Value[bool]          `hcl:"enabled"`
	Namespace                  hclfile.Value[string]        `hcl:"namespace"`
	Token                      hclfile.Value[secrets.Text]  `hcl:"token"`
	AgentTokenFile             hclfile.Value[string]        `hcl:"vault_agent_token_file"`
	RenewToken                 hclfile.Value[bool]          `hcl:"renew_token"`
	UnwrapToken                hclfile.Value[bool]          `hcl:"unwrap_token"`
	ClientUserAgent            hclfile.Value[string]        `hcl:"client_user_agent"`
	DefaultLeaseDuration       hclfile.Value[time.Duration] `hcl:"default_lease_duration"`
	LeaseRenewalThreshold      hclfile.Value[float64]       `hcl:"lease_renewal_threshold"`
	K8sAuthRoleName            hclfile.Value[string]        `hcl:"k8s_auth_role_name"`
	K8sServiceAccountToken     hclfile.Value[secrets.Text]  `hcl:"k8s_service_account_token"`
	K8sServiceAccountTokenPath hclfile.Value[string]        `hcl:"k8s_service_account_token_path"`
	K8sServiceMountPath        hclfile.Value[string]        `hcl:"k8s_service_mount_path"`
	Retry                      Retry                        `hcl:"retry"`
	SSL                        SSL                          `hcl:"ssl"`
	Transport                  Transport                    `hcl:"transport"`
}

// Retry is how a store is asked again after a failure.
type Retry struct {
	Enabled    hclfile.Value[bool]          `hcl:"enabled"`
	Attempts   hclfile.Value[int]           `hcl:"attempts"`
	Backoff    hclfile.Value[time.Duration] `hcl:"backoff"`
	MaxBackoff hclfile.Value[time.Duration] `hcl:"max_backoff"`
}

// SSL is TLS towards a store.
type SSL struct {
	Enabled     hclfile.Value[bool]   `hcl:"enabled"`
	Verify      hclfile.Value[bool]   `hcl:"verify"`
	Cert        hclfile.Value[string] `hcl:"cert"`
	Key         hclfile.Value[string] `hcl:"key"`
	CACert      hclfile.Value[string] `hcl:"ca_cert"`
	CACertBytes hclfile.Value[string] `hcl:"ca_cert_bytes"`
	CAPath      hclfile.Value[string] `hcl:"ca_path"`
	ServerName  hclfile.Value[string] `hcl:"server_name"`
}

// Transport are the limits of connections to a store.
type Transport struct {
	DialKeepAlive       hclfile.Value[time.Duration] `hcl:"dial_keep_alive"`
	DialTimeout         hclfile.Value[time.Duration] `hcl:"dial_timeout"`
	DisableKeepAlives   hclfile.Value[bool]          `hcl:"disable_keep_alives"`
	IdleConnTimeout     hclfile.Value[time.Duration] `hcl:"idle_conn_timeout"`
	MaxIdleConns        hclfile.Value[int]           `hcl:"max_idle_conns"`
	MaxIdleConnsPerHost hclfile.Value[int]           `hcl:"max_idle_conns_per_host"`
	MaxConnsPerHost     hclfile.Value[int]           `hcl:"max_conns_per_host"`
	TLSHandshakeTimeout hclfile.Value[time.Duration] `hcl:"tls_handshake_timeout"`
}
