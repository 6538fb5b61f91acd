// Package config turns YAML files, flags and environment variables into one
// validated [Config]. It is the only package that knows a file format.
//
// The struct types below are the one description of the surface: the strict
// decoder, the generated flags, the environment variables and the JSON Schema
// are all derived from their fields and tags.
//
//	yaml:"name"      the key
//	doc:"…"          one sentence, shown in help texts and the schema
//	default:"…"      the value when nothing is set, as it would be written
//	enum:"a,b"       the allowed values of a string
//	either:"name"    the sibling that must not be set beside this one
//	without:"name"   the sibling that makes this one meaningless (checked by hand)
//	pattern:"…"      what a text looks like (checked by hand; for the schema)
//	as:"path"        relative paths start at the configuration's directory
//	as:"loose"       a text that may also be written as number or truth value
//	as:"zero"        a duration that may be zero
//	as:"required"    must be written
//	as:"blank"       means something although empty, unless its alternative is set
//	as:"choice"      this or its alternative must be written (for the schema)
//	as:"program"     a program with arguments (for the schema)
//	as:"some"        a list that is not empty (for the schema)
//	as:"owner"       a user or group (for the schema)
package config

import (
	"io/fs"
	"syscall"
	"time"

	"concierge/secrets"
)

// Config is everything concierge can be told.
type Config struct {
	Log               Log         `yaml:"log" doc:"How concierge itself logs."`
	Sources           Sources     `yaml:"sources" doc:"Stores of configuration."`
	Secrets           Secrets     `yaml:"secrets" doc:"Stores of secrets."`
	Delimiters        Delimiters  `yaml:"delimiters" doc:"Template delimiters, unless a template has its own."`
	Wait              Wait        `yaml:"wait" doc:"Quiescence of all templates, unless a template has its own."`
	ErrorOnMissingKey bool        `yaml:"error_on_missing_key" doc:"Fail when a template reads a field that its data does not have, instead of printing <no value>."`
	Templates         []Template  `yaml:"templates" doc:"Files to render."`
	Env               []EnvVar    `yaml:"env" doc:"Environment variables of the process, each a template."`
	EnvPrefix         []EnvPrefix `yaml:"env_prefix" doc:"Key prefixes whose keys become environment variables of the process."`
	Process           *Process    `yaml:"process" doc:"The process to start and look after."`

	origins map[string]Origin
}

// Log is how concierge itself logs.
type Log struct {
	Level  string `yaml:"level" doc:"Least severity that is logged." default:"info" enum:"debug,info,warn,error"`
	Format string `yaml:"format" doc:"Text or JSON; auto is text on a terminal and JSON otherwise." default:"auto" enum:"auto,text,json"`
}

// Sources are the stores of configuration. A nil store is not configured.
type Sources struct {
	Default string  `yaml:"default" doc:"Where a bare {{ key \"x\" }} looks; not needed with one source." enum:"consul,etcd,file"`
	Consul  *Consul `yaml:"consul" doc:"Consul's key-value store."`
	Etcd    *Etcd   `yaml:"etcd" doc:"etcd, version 3."`
	File    *File   `yaml:"file" doc:"A local directory tree or one YAML or JSON file as a key-value store."`
}

// Consul is a Consul agent or server.
type Consul struct {
	Address    string       `yaml:"address" doc:"Address of the HTTP API: host:port, http(s)://host:port or unix:///path." default:"127.0.0.1:8500"`
	Token      secrets.Text `yaml:"token" doc:"ACL token; token_file is safer."`
	TokenFile  string       `yaml:"token_file" doc:"File that holds the ACL token; read again when it is refused." as:"path" either:"token"`
	TLS        TLS          `yaml:"tls" doc:"TLS towards Consul."`
	Datacenter string       `yaml:"datacenter" doc:"Data centre asked when a query names none."`
	Namespace  string       `yaml:"namespace" doc:"Enterprise namespace asked when a query names none."`
	Partition  string       `yaml:"partition" doc:"Enterprise partition asked when a query names none."`
}

// Etcd is an etcd cluster.
type Etcd struct {
	Endpoints    []string      `yaml:"endpoints" doc:"Addresses of the members: host:port or http(s)://host:port." default:"127.0.0.1:2379" as:"some" pattern:"^(unix:.*|[^\\s@]+)$"`
	Username     string        `yaml:"username" doc:"User for authentication."`
	Password     secrets.Text  `yaml:"password" doc:"Password of the user; password_file is safer."`
	PasswordFile string        `yaml:"password_file" doc:"File that holds the password." as:"path" either:"password"`
	TLS          TLS           `yaml:"tls" doc:"TLS towards etcd."`
	Prefix       string        `yaml:"prefix" doc:"Put in front of every key that a template names, for example /config/."`
	DialTimeout  time.Duration `yaml:"dial_timeout" doc:"Longest wait for a connection to one member." default:"5s"`
}

// File is the embedded source.
type File struct {
	Path   string        `yaml:"path" doc:"A directory (one file a key) or one .yaml, .yml or .json file." default:"config" as:"path"`
	Rescan time.Duration `yaml:"rescan" doc:"How often the tree is read again in case a change notification was lost." default:"30s"`
}

// TLS is how a client verifies its server and shows who it is.
type TLS struct {
	CAFile             string `yaml:"ca_file" doc:"PEM file of accepted authorities." as:"path"`
	CertFile           string `yaml:"cert_file" doc:"PEM client certificate." as:"path"`
	KeyFile            string `yaml:"key_file" doc:"PEM key of the client certificate." as:"path"`
	ServerName         string `yaml:"server_name" doc:"Name to verify instead of the address."`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"Accept any certificate. For tests only."`
}

// Secrets are the stores of secrets.
type Secrets struct {
	Vault *Vault `yaml:"vault" doc:"HashiCorp Vault or OpenBao."`
}

// Vault is a Vault server.
type Vault struct {
	Address   string        `yaml:"address" doc:"Address of the API." default:"https://127.0.0.1:8200"`
	Namespace string        `yaml:"namespace" doc:"Enterprise namespace."`
	Token     secrets.Text  `yaml:"token" doc:"Token; token_file is safer."`
	TokenFile string        `yaml:"token_file" doc:"File that holds the token; read again when it changes or is refused." as:"path" either:"token"`
	TLS       TLS           `yaml:"tls" doc:"TLS towards Vault."`
	Refresh   time.Duration `yaml:"refresh" doc:"How often secrets without a lease are read again." default:"5m"`
}

// Delimiters of a template.
type Delimiters struct {
	Left  string `yaml:"left" doc:"Left delimiter." default:"{{"`
	Right string `yaml:"right" doc:"Right delimiter." default:"}}"`
}

// Wait is quiescence: an output is rendered when its data did not change for
// Min, and at the latest Max after the first change. It never delays the first
// rendering.
type Wait struct {
	Min time.Duration `yaml:"min" doc:"Quiet time before a change is rendered." as:"zero"`
	Max time.Duration `yaml:"max" doc:"Longest delay of a change; 4 times min unless set."`
}

// Template is one file to render.
type Template struct {
	Source            string      `yaml:"source" doc:"Template file; either this or contents." as:"path"`
	Contents          string      `yaml:"contents" doc:"Template text; either this or source." as:"blank,choice" either:"source"`
	Destination       string      `yaml:"destination" doc:"File to write." as:"path,required" pattern:"[^/]$"`
	Mode              fs.FileMode `yaml:"mode" doc:"Octal permissions in quotes, for example \"0640\"; the existing file's, else 0644 (0600 if it holds a secret)."`
	User              string      `yaml:"user" doc:"Owner, by name or number; the existing file's unless set." as:"loose,owner"`
	Group             string      `yaml:"group" doc:"Group, by name or number; the existing file's unless set." as:"loose,owner"`
	Backup            bool        `yaml:"backup" doc:"Keep the previous version beside the file, with .bak added."`
	CreateDirs        *bool       `yaml:"create_dirs" doc:"Create missing parent directories (mode 0755)." default:"true"`
	Write             string      `yaml:"write" doc:"rename replaces the destination in one step; follow does so where a symbolic link points; in_place rewrites the file itself, for bind-mounted files (not atomic)." default:"rename" enum:"rename,follow,in_place"`
	Delimiters        *Delimiters `yaml:"delimiters" doc:"Delimiters of this template."`
	ErrorOnMissingKey *bool       `yaml:"error_on_missing_key" doc:"As the setting of the same name at the top."`
	Wait              *Wait       `yaml:"wait" doc:"Quiescence of this template."`
	Set               string      `yaml:"set" doc:"Templates that name the same set change together or not at all." pattern:"^[A-Za-z0-9._-]*$"`
	Check             *Command    `yaml:"check" doc:"Command that must accept the staged file before it is put in place; {{path}} stands for the staged file."`
	OnChange          *Action     `yaml:"on_change" doc:"What to do when the file changed: reload, restart, none, {signal: HUP} or {command: […]}."`
}

// Command is a program with arguments, run directly, never through a shell
// unless it names one.
type Command struct {
	Command []string      `yaml:"command" doc:"Program and arguments." as:"required,program"`
	Timeout time.Duration `yaml:"timeout" doc:"Longest run time; then its process group is killed." default:"30s"`
}

// ActionKind says what an [Action] does.
type ActionKind string

// The kinds of actions. The empty kind is never seen after validation.
const (
	ActionNone    ActionKind = "none"
	ActionReload  ActionKind = "reload"  // process.reload
	ActionRestart ActionKind = "restart" // stop and start the process
	ActionSignal  ActionKind = "signal"
	ActionCommand ActionKind = "command"
)

// Action is what follows a change. In YAML it is one of the words reload,
// restart and none, or a mapping {signal: …} or {command: …, timeout: …}.
type Action struct {
	Kind    ActionKind
	Signal  Signal
	Command Command
}

// Signal is a signal by name ("HUP", "SIGHUP", any case) or number.
type Signal syscall.Signal

// EnvVar is one environment variable of the process.
type EnvVar struct {
	Name  string `yaml:"name" doc:"Name of the variable." as:"required" pattern:"^[A-Za-z_][A-Za-z0-9_]*$"`
	Value string `yaml:"value" doc:"Template of its value." as:"loose,required"`
}

// EnvPrefix makes every key below a prefix an environment variable. In YAML a
// plain string is short for {path: …}.
type EnvPrefix struct {
	Path     string `yaml:"path" doc:"Key prefix, with a source in front if it is not the default one: etcd:app/env." as:"required" pattern:"."`
	Prefix   string `yaml:"prefix" doc:"Put in front of every name." pattern:"^([A-Za-z_][A-Za-z0-9_]*)?$"`
	Upcase   *bool  `yaml:"upcase" doc:"Upper-case the names." default:"true"`
	Sanitize *bool  `yaml:"sanitize" doc:"Turn every character that is not a letter, digit or underscore into an underscore." default:"true"`
}

// Process is the process to start and look after.
type Process struct {
	Command     []string    `yaml:"command" doc:"Program and arguments; what stands after -- on the command line replaces it." as:"program"`
	Dir         string      `yaml:"dir" doc:"Working directory; concierge's own unless set." as:"path"`
	Environment Environment `yaml:"environment" doc:"What of concierge's own environment the process inherits."`
	Reload      *Reload     `yaml:"reload" doc:"How the process is told to read its configuration again; without it, it is restarted."`
	Stop        Stop        `yaml:"stop" doc:"How the process is stopped."`
}

// Environment filters the inherited environment. concierge's own credentials
// (VAULT_TOKEN and the like) are only inherited when allow names them exactly.
type Environment struct {
	Pristine bool     `yaml:"pristine" doc:"Inherit nothing."`
	Allow    []string `yaml:"allow" doc:"Inherit only names that match one of these globs." pattern:"."`
	Deny     []string `yaml:"deny" doc:"Never inherit names that match one of these globs." pattern:"."`
}

// Reload is how the process is told to read its configuration again: by a
// signal or by a command.
type Reload struct {
	Signal  Signal        `yaml:"signal" doc:"Signal sent to the process."`
	Command []string      `yaml:"command" doc:"Command run instead of a signal." either:"signal" as:"choice,program"`
	Timeout time.Duration `yaml:"timeout" doc:"Longest run time of the command." without:"signal" default:"30s"`
}

// Stop is how the process is stopped.
type Stop struct {
	Signal  Signal        `yaml:"signal" doc:"Signal that asks the process to end." default:"TERM"`
	Timeout time.Duration `yaml:"timeout" doc:"After this the whole process group is killed." default:"10s"`
}
