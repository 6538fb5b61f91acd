package consultemplate

import (
	"io/fs"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

// Document is everything that can stand in a file.
type Document struct {
	Common
	Nomad              Nomad                        `hcl:"nomad"`
	Deduplicate        Deduplicate                  `hcl:"deduplicate"`
	Delimiters         Delimiters                   `hcl:"default_delimiters"`
	LogFile            LogFile                      `hcl:"log_file"`
	Templates          []Template                   `hcl:"template"`
	TemplateErrorFatal hclfile.Value[bool]          `hcl:"template_error_fatal"`
	BlockQueryWait     hclfile.Value[time.Duration] `hcl:"block_query_wait"`
	ErrOnFailedLookup  hclfile.Value[bool]          `hcl:"err_on_failed_lookup"`
	Once               hclfile.Value[bool]          `hcl:"once"`
	ParseOnly          hclfile.Value[bool]          `hcl:"parse_only,parseonly"`
}

// Common is what envconsul's files have, too.
type Common struct {
	Consul       Consul                       `hcl:"consul"`
	Vault        Vault                        `hcl:"vault"`
	Exec         Exec                         `hcl:"exec"`
	Wait         Wait                         `hcl:"wait"`
	Syslog       Syslog                       `hcl:"syslog"`
	KillSignal   hclfile.Value[config.Signal] `hcl:"kill_signal"`
	ReloadSignal hclfile.Value[config.Signal] `hcl:"reload_signal"`
	LogLevel     hclfile.Value[string]        `hcl:"log_level"`
	MaxStale     hclfile.Value[time.Duration] `hcl:"max_stale"`
	PIDFile      hclfile.Value[string]        `hcl:"pid_file"`
}

// forget drops what consul-template does not hear from files: a default of its
// flags lies over vault.ssl.enabled, so that only a flag or CT_LOCAL_CONFIG can
// switch off the settings beside it.
func (d *Document) forget() (warnings []string) {
	if enabled := d.Vault.SSL.Enabled; enabled.Given() && !enabled.V {
		warnings = append(warnings, enabled.At+": vault.ssl.enabled = false is without effect in a file; give the flag -vault-ssl=false")
	}
	d.Vault.SSL.Enabled = hclfile.Value[bool]{}
	return warnings
}

// Delimiters are those of all templates that have none of their own.
type Delimiters struct {
	Left  hclfile.Value[string] `hcl:"left"`
	Right hclfile.Value[string] `hcl:"right"`
}

// LogFile is a log on disk.
type LogFile struct {
	Path           hclfile.Value[string]        `hcl:"path"`
	RotateBytes    hclfile.Value[int]           `hcl:"log_rotate_bytes"`
	RotateDuration hclfile.Value[time.Duration] `hcl:"log_rotate_duration"`
	RotateMaxFiles hclfile.Value[int]           `hcl:"log_rotate_max_files"`
}

// Syslog is the system's log.
type Syslog struct {
	Enabled  hclfile.Value[bool]   `hcl:"enabled"`
	Facility hclfile.Value[string] `hcl:"facility"`
	Name     hclfile.Value[string] `hcl:"name"`
}

// Template is one file to render.
type Template struct {
	At string // where the block begins, or the flag

	Source            hclfile.Value[string]        `hcl:"source"`
	Contents          hclfile.Value[string]        `hcl:"contents"`
	Destination       hclfile.Value[string]        `hcl:"destination"`
	CreateDestDirs    hclfile.Value[bool]          `hcl:"create_dest_dirs"`
	Command           hclfile.Command              `hcl:"command"`
	CommandTimeout    hclfile.Value[time.Duration] `hcl:"command_timeout"`
	Exec              Exec                         `hcl:"exec"`
	ErrorOnMissingKey hclfile.Value[bool]          `hcl:"error_on_missing_key"`
	ErrorFatal        hclfile.Value[bool]          `hcl:"error_fatal"`
	Perms             hclfile.Value[fs.FileMode]   `hcl:"perms"`
	User              hclfile.Value[string]        `hcl:"user"`
	Group             hclfile.Value[string]        `hcl:"group"`
	UID               hclfile.Value[int]           `hcl:"uid"`
	GID               hclfile.Value[int]           `hcl:"gid"`
	Backup            hclfile.Value[bool]          `hcl:"backup"`
	LeftDelimiter     hclfile.Value[string]        `hcl:"left_delimiter"`
	RightDelimiter    hclfile.Value[string]        `hcl:"right_delimiter"`
	FunctionDenylist  hclfile.Value[[]string]      `hcl:"function_denylist,function_blacklist"`
	SandboxPath       hclfile.Value[string]        `hcl:"sandbox_path"`
	Wait              Wait                         `hcl:"wait"`
}

// SetPlace notes where the block begins.
func (t *Template) SetPlace(at string) { t.At = at }

// Exec is a process: the one to look after, or the command after a rendering.
type Exec struct {
	Command      hclfile.Command              `hcl:"command"`
	Enabled      hclfile.Value[bool]          `hcl:"enabled"`
	Env          Env                          `hcl:"env"`
	KillSignal   hclfile.Value[config.Signal] `hcl:"kill_signal"`
	KillTimeout  hclfile.Value[time.Duration] `hcl:"kill_timeout"`
	ReloadSignal hclfile.Value[config.Signal] `hcl:"reload_signal"`
	Splay        hclfile.Value[time.Duration] `hcl:"splay"`
	Timeout      hclfile.Value[time.Duration] `hcl:"timeout"`
}

// Env filters the environment that a process inherits.
type Env struct {
	Pristine  hclfile.Value[bool]     `hcl:"pristine"`
	Custom    hclfile.Value[[]string] `hcl:"custom"`
	Allowlist hclfile.Value[[]string] `hcl:"allowlist,whitelist"`
	Denylist  hclfile.Value[[]string] `hcl:"denylist,blacklist"`
}

// Deduplicate is accepted without effect: what it is for, sparing the servers,
// is done by other means.
type Deduplicate struct {
	Enabled        hclfile.Value[bool]          `hcl:"enabled"`
	Prefix         hclfile.Value[string]        `hcl:"prefix"`
	TTL            hclfile.Value[time.Duration] `hcl:"ttl"`
	MaxStale       hclfile.Value[time.Duration] `hcl:"max_stale"`
	BlockQueryWait hclfile.Value[time.Duration] `hcl:"block_query_wait"`
}

// Nomad is accepted without effect.
type Nomad struct {
	Address      hclfile.Value[string]       `hcl:"address"`
	Enabled      hclfile.Value[bool]         `hcl:"enabled"`
	Namespace    hclfile.Value[string]       `hcl:"namespace"`
	Token        hclfile.Value[secrets.Text] `hcl:"token"`
	AuthUsername hclfile.Value[string]       `hcl:"auth_username"`
	AuthPassword hclfile.Value[secrets.Text] `hcl:"auth_password"`
	SSL          SSL                         `hcl:"ssl"`
	Transport    Transport                   `hcl:"transport"`
	Retry        Retry                       `hcl:"retry"`
}
