package envconsul

import (
	"time"

	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

// Document is everything that can stand in a file.
type Document struct {
	consultemplate.Common
	Prefixes []Source            `hcl:"prefix"`
	Secrets  []Source            `hcl:"secret"`
	Services []Service           `hcl:"service"`
	Pristine hclfile.Value[bool] `hcl:"pristine"`
	Sanitize hclfile.Value[bool] `hcl:"sanitize"`
	Upcase   hclfile.Value[bool] `hcl:"upcase"`
	Once     hclfile.Value[bool] `hcl:"once"`
	old
}

// Source is a prefix of Consul's keys, or a secret of Vault.
type Source struct {
	At string // where the block begins, or the flag

	Path     hclfile.Value[string] `hcl:"path"`
	Format   hclfile.Value[string] `hcl:"format"`
	NoPrefix hclfile.Value[bool]   `hcl:"no_prefix"`
	Keys     []Key                 `hcl:"key"`
}

// SetPlace notes where the block begins.
func (s *Source) SetPlace(at string) { s.At = at }

// Key is one field of a secret, and the format of its name.
type Key struct {
	Name   hclfile.Value[string] `hcl:"name"`
	Format hclfile.Value[string] `hcl:"format"`
}

// Service is a service of Consul's catalogue.
type Service struct {
	At string // where the block begins, or the flag

	Query         hclfile.Value[string] `hcl:"query"`
	FormatID      hclfile.Value[string] `hcl:"format_id"`
	FormatName    hclfile.Value[string] `hcl:"format_name"`
	FormatAddress hclfile.Value[string] `hcl:"format_address"`
	FormatTag     hclfile.Value[string] `hcl:"format_tag"`
	FormatPort    hclfile.Value[string] `hcl:"format_port"`
}

// SetPlace notes where the block begins.
func (s *Service) SetPlace(at string) { s.At = at }

// old are settings that stand in blocks by now.
type old struct {
	Auth    consultemplate.Auth          `hcl:"auth"`
	SSL     consultemplate.SSL           `hcl:"ssl"`
	Path    hclfile.Value[string]        `hcl:"path"`
	Splay   hclfile.Value[time.Duration] `hcl:"splay"`
	Retry   hclfile.Value[time.Duration] `hcl:"retry"`
	Timeout hclfile.Value[time.Duration] `hcl:"timeout"`
	Token   hclfile.Value[secrets.Text]  `hcl:"token"`
}

// Upgrade moves settings in old places to the new ones.
func (d *Document) Upgrade() (warnings []string) {
	o := d.old
	d.old = old{}
	moved := func(at, from, to string) {
		warnings = append(warnings, at+": "+from+" is "+to+" by now")
	}
	if o.Auth != (consultemplate.Auth{}) {
		d.Consul.Auth = o.Auth
		moved(o.Auth.Username.At, "auth", "auth in the block consul")
	}
	if o.SSL != (consultemplate.SSL{}) {
		d.Consul.SSL, d.Vault.SSL = o.SSL, o.SSL
		moved("ssl", "the block", "one in each of the blocks consul and vault")
	}
	if o.Path.Given() {
		warnings = append(warnings, o.Path.At+": path is without effect; use the flag -config")
	}
	if o.Splay.Given() {
		d.Exec.Splay = o.Splay
		moved(o.Splay.At, "splay", "splay in the block exec")
	}
	if o.Retry.Given() {
		retry := consultemplate.Retry{Backoff: o.Retry, MaxBackoff: o.Retry}
		d.Consul.Retry, d.Vault.Retry = retry, retry
		moved(o.Retry.At, "retry", "a block in each of the blocks consul and vault")
	}
	if o.Timeout.Given() {
		d.Exec.KillTimeout = o.Timeout
		moved(o.Timeout.At, "timeout", "kill_timeout in the block exec")
	}
	if o.Token.Given() {
		d.Consul.Token = o.Token
		moved(o.Token.At, "token", "token in the block consul")
	}
	return warnings
}
