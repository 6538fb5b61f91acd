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
	Log               Log             `yaml:"log" doc:"How concierge itself logs."`
	Sources           Sources         `yaml:"sources" doc:"Stores of configuration."`
	Secrets           Secrets         `yaml:"secrets" doc:"Stores of secrets."`
	Delimiters        Delimiters      `yaml:"delimiters" doc:"Template delimiters, unless a template has its own."`
	Wait              Wait            `yaml:"wait" doc:"Quiescence of all templates, unless a template has its own."`
	ErrorOnMissingKey bool            `yaml:"error_on_missing_key" doc:"Fail when a template reads a field that its data does not have, instead of printing <no value>."`
	Templates         []Template      `yaml:"templates" doc:"Files to render."`
	Env               []EnvVar        `yaml:"env" doc:"Environment variables of the process, each a template."`
	EnvPrefix         []EnvPrefix     `yaml:"env_prefix" doc:"Key prefixes whose keys become environment variables of the process."`
	EnvService        []EnvService    `yaml:"env_service" doc:"Services of Consul's catalogue whose instances become environment variables of the process."`
	EnvSecret         []EnvSecret     `yaml:"env_secret" doc:"Secrets of Vault whose fields become environment variables of the process."`
	Process           *Process        `yaml:"process" doc:"The process to start and look after."`
	FailOnMissing     bool            `yaml:"fail_on_missing" doc:"End with an error when a store says that a key a template needs does not exist, instead of waiting for it."`
	Sets              map[string]*Set `yaml:"sets" doc:"What templates that name the same set have in common."`
	Rollback          Rollback        `yaml:"rollback" doc:"How a change is watched by the health checks, and undone."`
	Jobs              map[string]*Job `yaml:"jobs" doc:"Programs beside the process: services, preparations, periodic tasks, hooks."`
	Shutdown          Shutdown        `yaml:"shutdown" doc:"How concierge ends everything it looks after."`
	StateDir          string          `yaml:"state_dir" doc:"Directory in which concierge remembers what was applied, so that failed actions are repeated and bad versions are known after a restart; STATE_DIRECTORY unless set, none without it. Each instance needs its own." as:"path"`
	PIDFile           string          `yaml:"pid_file" doc:"File that holds concierge's process ID while it runs." as:"path"`
	Signals           Signals         `yaml:"signals" doc:"Signals that are meant for concierge itself; all others go on to the process."`

	Cluster *Cluster `yaml:"cluster" doc:"What the instances of a fleet tell each other through a store: who is there, and who changes next."`
	Metrics *Metrics `yaml:"metrics" doc:"What is measured in each cycle, and where it is delivered."`
	Control Control  `yaml:"control" doc:"How operators on the same machine reach the instance."`
	Admin   Admin    `yaml:"admin" doc:"How machines see the instance: health checks and metrics over HTTP."`

	// File is the configuration file; empty if there is none.
	File string
	// Idle allows a configuration in which nothing is to be done.
	Idle bool
	// PlainPaths says that paths of keys name no source: every key is one of
	// the default source, as in consul-template.
	PlainPaths bool
	// SharedDestinations lets several templates write one file; the last one
	// wins, as in consul-template.
	SharedDestinations bool
	// DryRun says that nothing is written and no process started, so that
	// templates need no destination.
	DryRun bool

	origins map[string]Origin
}

// Log is how concierge itself logs.
type Log struct {
	Level  string   `yaml:"level" doc:"Least severity that is logged." default:"info" enum:"debug,info,warn,error"`
	Format string   `yaml:"format" doc:"Text or JSON; auto is text on a terminal and JSON otherwise." default:"auto" enum:"auto,text,json"`
	File   *LogFile `yaml:"file" doc:"Log to a file, too."`
	Syslog *Syslog  `yaml:"syslog" doc:"Log to syslog, too."`
}

// LogFile is a log on disk that is rotated.
type LogFile struct {
	Path           string        `yaml:"path" doc:"The file; its directory must exist." as:"path,required"`
	RotateBytes    int           `yaml:"rotate_bytes" doc:"Begin a new file when this one has so many bytes; 0 is never."`
	RotateInterval time.Duration `yaml:"rotate_interval" doc:"Begin a new file this long after the last one." default:"24h"`
	MaxFiles       int           `yaml:"max_files" doc:"Keep so many old files; 0 keeps all."`
}

// Syslog is the system's log.
type Syslog struct {
	Facility string `yaml:"facility" doc:"Facility, for example DAEMON or LOCAL0." default:"LOCAL0"`
	Tag      string `yaml:"tag" doc:"Name of the program in the messages." default:"concierge"`
	Address  string `yaml:"address" doc:"udp://host:port, tcp://host:port or unix:///path; the local system's log unless set."`
	Format   string `yaml:"format" doc:"Format of the messages." default:"rfc3164" enum:"rfc3164,rfc5424"`
}

// Signals are those that concierge takes for itself.
type Signals struct {
	Reload []Signal `yaml:"reload" doc:"Read the configuration again; an empty list for none." default:"HUP"`
	Stop   []Signal `yaml:"stop" doc:"Stop the process and end; an empty list for none. Without a process TERM always ends concierge." default:"TERM,INT"`
}

// Retry is how a store is asked again after a failure.
type Retry struct {
	Attempts   int           `yaml:"attempts" doc:"Give up and end after so many failures in a row; 0 is never."`
	Backoff    time.Duration `yaml:"backoff" doc:"First delay; it doubles with each failure." default:"250ms"`
	MaxBackoff time.Duration `yaml:"max_backoff" doc:"Longest delay." default:"30s"`
}

// Transport are the limits of connections to a store.
type Transport struct {
	DialTimeout         time.Duration `yaml:"dial_timeout" doc:"Longest wait for a connection." default:"5s"`
	DialKeepAlive       time.Duration `yaml:"dial_keep_alive" doc:"Interval of keep-alive probes." default:"15s"`
	TLSHandshakeTimeout time.Duration `yaml:"tls_handshake_timeout" doc:"Longest TLS handshake." default:"10s"`
	IdleConnTimeout     time.Duration `yaml:"idle_conn_timeout" doc:"Close connections that were idle for so long." default:"90s"`
	MaxConnsPerHost     int           `yaml:"max_conns_per_host" doc:"Most connections at once; 0 is the source's own budget."`
	MaxIdleConns        int           `yaml:"max_idle_conns" doc:"Most idle connections kept; 0 is no limit of its own."`
	MaxIdleConnsPerHost int           `yaml:"max_idle_conns_per_host" doc:"Most idle connections kept to one host; 0 is the source's own budget."`
	DisableKeepAlives   bool          `yaml:"disable_keep_alives" doc:"Use each connection for one request only."`
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
	Address     string        `yaml:"address" doc:"Address of the HTTP API: host:port, http(s)://host:port or unix:///path." default:"127.0.0.1:8500"`
	Token       secrets.Text  `yaml:"token" doc:"ACL token; token_file is safer."`
	TokenFile   string        `yaml:"token_file" doc:"File that holds the ACL token; read again when it is refused." as:"path" either:"token"`
	TLS         TLS           `yaml:"tls" doc:"TLS towards Consul."`
	Datacenter  string        `yaml:"datacenter" doc:"Data centre asked when a query names none."`
	Namespace   string        `yaml:"namespace" doc:"Enterprise namespace asked when a query names none."`
	Partition   string        `yaml:"partition" doc:"Enterprise partition asked when a query names none."`
	Username    string        `yaml:"username" doc:"User for HTTP basic authentication, of a proxy in front of Consul."`
	Password    secrets.Text  `yaml:"password" doc:"Password for HTTP basic authentication."`
	MaxStale    time.Duration `yaml:"max_stale" doc:"Let any server answer, with data at most this old; 0 asks the leader." as:"zero"`
	MaxRequests int           `yaml:"max_requests_per_second" doc:"Most reads a second in the long run; as many as in 40 seconds are let through at once; 0 is the default." default:"250"`
	QueryWait   time.Duration `yaml:"query_wait" doc:"How long Consul is asked to hold a query until something changes." default:"60s"`
	Retry       Retry         `yaml:"retry" doc:"How Consul is asked again after a failure."`
	Transport   Transport     `yaml:"transport" doc:"Limits of the connections to Consul."`
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
	MaxRequests  int           `yaml:"max_requests_per_second" doc:"Most reads a second in the long run; as many as in 40 seconds are let through at once; 0 is the default. Events of watches do not count." default:"250"`
}

// File is the embedded source.
type File struct {
	Path   string        `yaml:"path" doc:"A directory (one file a key) or one .yaml, .yml or .json file." default:"config" as:"path"`
	Rescan time.Duration `yaml:"rescan" doc:"How often the tree is read again in case a change notification was lost." default:"30s"`
}

// TLS is how a client verifies its server and shows who it is.
type TLS struct {
	CAFile             string `yaml:"ca_file" doc:"PEM file of accepted authorities." as:"path"`
	CADir              string `yaml:"ca_dir" doc:"Directory of PEM files of accepted authorities." as:"path"`
	CAPEM              string `yaml:"ca_pem" doc:"Accepted authorities as PEM text."`
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
	Address        string           `yaml:"address" doc:"Address of the API." default:"https://127.0.0.1:8200"`
	Namespace      string           `yaml:"namespace" doc:"Enterprise namespace."`
	Token          secrets.Text     `yaml:"token" doc:"Token; token_file is safer."`
	TokenFile      string           `yaml:"token_file" doc:"File that holds the token; read again when it changes or is refused." as:"path" either:"token"`
	TLS            TLS              `yaml:"tls" doc:"TLS towards Vault."`
	Refresh        time.Duration    `yaml:"refresh" doc:"How often secrets without a lease are read again." default:"5m"`
	LeaseThreshold int              `yaml:"lease_threshold" doc:"Percentage of a lease that cannot be renewed after which the secret is read again." default:"90"`
	RenewToken     *bool            `yaml:"renew_token" doc:"Renew the token while concierge runs, if it can be renewed and is not from token_file." default:"true"`
	UnwrapToken    bool             `yaml:"unwrap_token" doc:"The token is a response-wrapping token with the real one in it."`
	Kubernetes     *VaultKubernetes `yaml:"kubernetes" doc:"Log in with the service account of the pod, if no token is given."`
	MaxRequests    int              `yaml:"max_requests_per_second" doc:"Most requests a second in the long run; as many as in 40 seconds are let through at once; 0 is the default." default:"250"`
	UserAgent      string           `yaml:"user_agent" doc:"Name of this client in Vault's audit log; concierge unless set."`
	Retry          Retry            `yaml:"retry" doc:"How Vault is asked again after a failure."`
	Transport      Transport        `yaml:"transport" doc:"Limits of the connections to Vault."`
}

// VaultKubernetes is a login with a service account of Kubernetes.
type VaultKubernetes struct {
	Role      string       `yaml:"role" doc:"Role in Vault." as:"required"`
	Token     secrets.Text `yaml:"token" doc:"Token of the service account; token_file is usual."`
	TokenFile string       `yaml:"token_file" doc:"File that holds the token of the service account; /var/run/secrets/kubernetes.io/serviceaccount/token unless set." as:"path" either:"token"`
	Mount     string       `yaml:"mount" doc:"Where the method is mounted in Vault." default:"kubernetes"`
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
	OnError           string      `yaml:"on_error" doc:"When this template fails: keep the last output and go on, end if it never rendered (fail_first), or always end (fail)." default:"keep" enum:"keep,fail_first,fail"`
	DenyFunctions     []string    `yaml:"deny_functions" doc:"Globs of functions that fail when the template calls them." pattern:"."`
	Sandbox           string      `yaml:"sandbox" doc:"Directory that the file function cannot leave." as:"path"`
	Check             *Command    `yaml:"check" doc:"Command that must accept the staged file before it is put in place; {{path}} stands for the staged file."`
	Format            string      `yaml:"format" doc:"Format that the file must have; pem-pair is a certificate with its key, in this file or together with the other pem-pair files of the set." enum:"json,yaml,toml,xml,ini,pem,pem-pair"`
	Schema            string      `yaml:"schema" doc:"JSON Schema that the file must keep, a local file; needs the format json, yaml or toml." as:"path"`
	Guard             *Guard      `yaml:"guard" doc:"What must be true of the data and the size of the file, so that a store that lost its data does not empty it."`
	OnChange          Actions     `yaml:"on_change" doc:"What to do when the file changed: reload, restart, none, {signal: HUP}, {job: NAME} to restart a job, {job: NAME, signal: HUP} or {command: […]}, or a list of these."`
}

// Command is a program with arguments, run directly, never through a shell
// unless it names one.
type Command struct {
	Command     []string      `yaml:"command" doc:"Program and arguments." as:"required,program"`
	Timeout     time.Duration `yaml:"timeout" doc:"Longest run time; then its process group is killed." default:"30s"`
	Background  bool          `yaml:"background" doc:"Start it and do not wait for it; it has no timeout, and nobody sees its status."`
	Environment *Environment  `yaml:"environment" doc:"What the command inherits; what the process inherits unless set."`
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
// restart and none, or a mapping {signal: …}, {job: …}, {job: …,
// signal: …} or {command: …, timeout: …}.
type Action struct {
	Kind    ActionKind
	Signal  Signal
	Command Command
	Job     string // of ActionSignal and ActionRestart; empty is the process
}

// Actions are done in order, commands before what concerns the process. In YAML
// a single action needs no list.
type Actions []Action

// Signal is a signal by name ("HUP", "SIGHUP", any case) or number.
type Signal syscall.Signal

// EnvVar is one environment variable of the process.
type EnvVar struct {
	Name  string `yaml:"name" doc:"Name of the variable." as:"required" pattern:"^[A-Za-z_][A-Za-z0-9_]*$"`
	Value string `yaml:"value" doc:"Template of its value." as:"loose,required"`
}

// EnvPrefix makes every key below a prefix an environment variable. In YAML a
// plain string is short for {path: …}.
//
// The name of a variable is made in this order: the key relative to the path;
// with no_prefix: false the path, with every character that is not a letter,
// digit or underscore turned into an underscore, and an underscore in front of
// it; format; prefix in front; sanitize; upcase. Folder markers (a key that
// ends in a slash) and the path itself make no variable.
//
// Variables are laid over each other in this order, the later ones win: what
// the process inherits, env_prefix, env_service, env_secret (each in the order
// of its list), env, process.environment.set.
type EnvPrefix struct {
	Path     string `yaml:"path" doc:"Key prefix, with a source in front if it is not the default one: etcd:app/env." as:"required" pattern:"."`
	Format   string `yaml:"format" doc:"Template of the names, in which {{ key }} is the key below path; {{ key | replaceKey \"old\" \"new\" }} renames one."`
	NoPrefix *bool  `yaml:"no_prefix" doc:"Leave the path out of the names." default:"true"`
	Prefix   string `yaml:"prefix" doc:"Put in front of every name." pattern:"^([A-Za-z_][A-Za-z0-9_]*)?$"`
	Upcase   *bool  `yaml:"upcase" doc:"Upper-case the names." default:"true"`
	Sanitize *bool  `yaml:"sanitize" doc:"Turn every character that is not a letter, digit or underscore into an underscore." default:"true"`
}

// EnvSecret makes every field of a secret that is a text, number or truth value
// an environment variable; other fields are left out. For version 2 of Vault's
// key-value engine the fields are those of the inner data.
//
// The name is made in this order: the name of the field; with keys and no
// format only listed fields count, and each gives one variable for each entry,
// named by the entry's format ({{ key }} is the field) or, without one, by the
// field; unless no_prefix is set the path, its invalid characters turned into
// underscores, and an underscore in front; format ({{ key }} is the name so
// far); sanitize; upcase.
type EnvSecret struct {
	Path     string         `yaml:"path" doc:"Path of the secret in Vault." as:"required" pattern:"."`
	Format   string         `yaml:"format" doc:"Template of the names, in which {{ key }} is the name of the field, with the path in front unless no_prefix is set."`
	NoPrefix bool           `yaml:"no_prefix" doc:"Leave the path out of the names."`
	Keys     []EnvSecretKey `yaml:"keys" doc:"Fields to take, and their names; all fields unless set. Not used beside format."`
	Upcase   *bool          `yaml:"upcase" doc:"Upper-case the names." default:"true"`
	Sanitize *bool          `yaml:"sanitize" doc:"Turn every character that is not a letter, digit or underscore into an underscore." default:"true"`
}

// EnvSecretKey takes one field of a secret. A field may be taken several times
// under several names.
type EnvSecretKey struct {
	Name   string `yaml:"name" doc:"Name of the field." as:"required" pattern:"."`
	Format string `yaml:"format" doc:"Template of the variable's name, in which {{ key }} is the name of the field."`
}

// EnvService makes each instance of a service in Consul's catalogue, healthy or
// not, five environment variables: its ID, name, address (empty if it only has
// that of its node), tags (joined by commas) and port. The names are
// SERVICE/id, SERVICE/name, SERVICE/address, SERVICE/tag and SERVICE/port, or
// what the formats say, in which {{ service }} is the name of the service and
// {{ key }} the last part; then upcase and sanitize. Of several instances the
// last one wins.
type EnvService struct {
	Query         string `yaml:"query" doc:"The service: tag.name?query@dc~near, all but the name optional." as:"required" pattern:"."`
	FormatID      string `yaml:"format_id" doc:"Template of the name of the ID's variable, for example {{ service }}_{{ key }}."`
	FormatName    string `yaml:"format_name" doc:"Template of the name of the name's variable."`
	FormatAddress string `yaml:"format_address" doc:"Template of the name of the address's variable."`
	FormatTag     string `yaml:"format_tag" doc:"Template of the name of the tags' variable."`
	FormatPort    string `yaml:"format_port" doc:"Template of the name of the port's variable."`
	Upcase        *bool  `yaml:"upcase" doc:"Upper-case the names." default:"true"`
	Sanitize      *bool  `yaml:"sanitize" doc:"Turn every character that is not a letter, digit or underscore into an underscore." default:"true"`
}

// Process is the process to start and look after. Its end is the end of
// concierge, with its exit status.
type Process struct {
	Program
	SuccessCodes []int   `yaml:"success_codes" doc:"Exit statuses of the process for which concierge ends with 0, for example 143 of a Java program that was asked to stop."`
	Reload       *Reload `yaml:"reload" doc:"How the process is told to read its configuration again; without it, it is restarted."`
}

// Environment filters the inherited environment. concierge's own credentials
// (VAULT_TOKEN and the like) are only inherited when allow names them exactly.
type Environment struct {
	Pristine bool     `yaml:"pristine" doc:"Inherit nothing."`
	Allow    []string `yaml:"allow" doc:"Inherit only names that match one of these globs." pattern:"."`
	Deny     []string `yaml:"deny" doc:"Never inherit names that match one of these globs." pattern:"."`
	Set      []string `yaml:"set" doc:"NAME=value entries that are added." pattern:"^[^=]+="`
	// Credentials is for those who come from consul-template, which passes
	// its own credentials on.
	Credentials bool `yaml:"credentials" doc:"Inherit concierge's own credentials (CONSUL_HTTP_TOKEN, VAULT_TOKEN and the like), too."`
	// Everything is for those who come from envconsul, where Allow and Deny
	// filter the variables from stores (env, env_prefix, env_service,
	// env_secret), too. What Set adds is never filtered.
	Everything bool
	// Hidden are entries like those of Set that must not be shown. They come
	// before those of Set, so that Set may replace them.
	Hidden []secrets.Text
}

// Reload is how the process is told to read its configuration again: by a
// signal or by a command.
type Reload struct {
	Signal  Signal        `yaml:"signal" doc:"Signal sent to the process."`
	Command []string      `yaml:"command" doc:"Command run instead of a signal." either:"signal" as:"choice,program"`
	Timeout time.Duration `yaml:"timeout" doc:"Longest run time of the command." without:"signal" default:"30s"`
}

// Stop is how a program is stopped.
type Stop struct {
	Signal  Signal        `yaml:"signal" doc:"Signal that asks the process to end." default:"TERM"`
	Timeout time.Duration `yaml:"timeout" doc:"After this the whole process group is killed." default:"10s"`
	Splay   time.Duration `yaml:"splay" doc:"Wait a random time up to this before the stop signal of a restart, so that a fleet does not restart at once." as:"zero"`
}
