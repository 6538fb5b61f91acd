package convert

import (
	"time"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
)

// agentFile is what is carried over of Vault Agent's file. All else is told.
type agentFile struct {
	PIDFile      hclfile.Value[string]     `hcl:"pid_file"`
	LogLevel     hclfile.Value[string]     `hcl:"log_level"`
	LogFormat    hclfile.Value[string]     `hcl:"log_format"`
	LogFile      hclfile.Value[string]     `hcl:"log_file"`
	ExitAfter    hclfile.Value[bool]       `hcl:"exit_after_auth"`
	Vault        agentVault                `hcl:"vault"`
	AutoAuth     autoAuth                  `hcl:"auto_auth"`
	Templates    []consultemplate.Template `hcl:"template"`
	EnvTemplates []envTemplate             `hcl:"env_template"`
	Config       templateConfig            `hcl:"template_config"`
	Exec         agentExec                 `hcl:"exec"`

	unknown []unknownKey
}

// unknownKey is something that is not carried over.
type unknownKey struct{ key, at string }

// SetUnknown implements [hclfile.OpenBlock].
func (a *agentFile) SetUnknown(key, at string) { a.unknown = append(a.unknown, unknownKey{key, at}) }

type agentVault struct {
	Address       hclfile.Value[string] `hcl:"address"`
	Namespace     hclfile.Value[string] `hcl:"namespace"`
	CACert        hclfile.Value[string] `hcl:"ca_cert"`
	CAPath        hclfile.Value[string] `hcl:"ca_path"`
	ClientCert    hclfile.Value[string] `hcl:"client_cert"`
	ClientKey     hclfile.Value[string] `hcl:"client_key"`
	TLSServerName hclfile.Value[string] `hcl:"tls_server_name"`
	TLSSkipVerify hclfile.Value[bool]   `hcl:"tls_skip_verify"`
	Retry         agentRetry            `hcl:"retry"`
}

type agentRetry struct {
	NumRetries hclfile.Value[int] `hcl:"num_retries"`
}

type autoAuth struct {
	Methods []authMethod `hcl:"method"`
	Sinks   []authSink   `hcl:"sink,sinks"`

	unknown []unknownKey
}

// SetUnknown implements [hclfile.OpenBlock].
func (a *autoAuth) SetUnknown(key, at string) { a.unknown = append(a.unknown, unknownKey{key, at}) }

type authMethod struct {
	Type      hclfile.Value[string] `hcl:"type"`
	MountPath hclfile.Value[string] `hcl:"mount_path"`
	Namespace hclfile.Value[string] `hcl:"namespace"`
	Config    authConfig            `hcl:"config"`

	at      string
	unknown []unknownKey
}

// SetPlace notes where the block begins.
func (m *authMethod) SetPlace(at string) { m.at = at }

// SetLabel implements [hclfile.LabelledBlock].
func (m *authMethod) SetLabel(label string) { m.Type = hclfile.Of(label, "label") }

// SetUnknown implements [hclfile.OpenBlock].
func (m *authMethod) SetUnknown(key, at string) { m.unknown = append(m.unknown, unknownKey{key, at}) }

type authConfig struct {
	Role          hclfile.Value[string] `hcl:"role"`
	TokenPath     hclfile.Value[string] `hcl:"token_path"`
	TokenFilePath hclfile.Value[string] `hcl:"token_file_path"`

	unknown []unknownKey
}

// SetUnknown implements [hclfile.OpenBlock].
func (c *authConfig) SetUnknown(key, at string) { c.unknown = append(c.unknown, unknownKey{key, at}) }

// authSink is a file that Vault Agent writes its token to.
type authSink struct {
	Type hclfile.Value[string] `hcl:"type"`
}

// SetLabel implements [hclfile.LabelledBlock].
func (s *authSink) SetLabel(label string) { s.Type = hclfile.Of(label, "label") }

// SetUnknown implements [hclfile.OpenBlock].
func (s *authSink) SetUnknown(string, string) {}

type envTemplate struct {
	Name              string
	Source            hclfile.Value[string] `hcl:"source"`
	Contents          hclfile.Value[string] `hcl:"contents"`
	ErrorOnMissingKey hclfile.Value[bool]   `hcl:"error_on_missing_key"`
	LeftDelimiter     hclfile.Value[string] `hcl:"left_delimiter"`
	RightDelimiter    hclfile.Value[string] `hcl:"right_delimiter"`

	unknown []unknownKey
}

// SetLabel implements [hclfile.LabelledBlock].
func (e *envTemplate) SetLabel(label string) { e.Name = label }

// SetUnknown implements [hclfile.OpenBlock].
func (e *envTemplate) SetUnknown(key, at string) { e.unknown = append(e.unknown, unknownKey{key, at}) }

type templateConfig struct {
	ExitOnRetryFailure hclfile.Value[bool]          `hcl:"exit_on_retry_failure"`
	RenderInterval     hclfile.Value[time.Duration] `hcl:"static_secret_render_interval"`
	MaxConnections     hclfile.Value[int]           `hcl:"max_connections_per_host"`
	LeaseThreshold     hclfile.Value[float64]       `hcl:"lease_renewal_threshold"`
}

type agentExec struct {
	Command    hclfile.Command              `hcl:"command"`
	OnChange   hclfile.Value[string]        `hcl:"restart_on_secret_changes"`
	StopSignal hclfile.Value[config.Signal] `hcl:"restart_stop_signal"`
}
