package convert

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"concierge/internal/config"
)

// confdFile is a file of confd: confd.toml, or one in conf.d with a template.
type confdFile struct {
	Template *confdTemplate `toml:"template"`

	Backend      string   `toml:"backend"`
	Nodes        []string `toml:"nodes"`
	Prefix       string   `toml:"prefix"`
	Scheme       string   `toml:"scheme"`
	ClientCAKeys string   `toml:"client_cakeys"`
	ClientCert   string   `toml:"client_cert"`
	ClientKey    string   `toml:"client_key"`
	Username     string   `toml:"username"`
	LogLevel     string   `toml:"log-level"`
	Files        []string `toml:"file"`
}

// confdTemplate is one template resource.
type confdTemplate struct {
	Src       string   `toml:"src"`
	Dest      string   `toml:"dest"`
	Keys      []string `toml:"keys"`
	Prefix    string   `toml:"prefix"`
	Mode      string   `toml:"mode"`
	UID       *int     `toml:"uid"`
	GID       *int     `toml:"gid"`
	Owner     string   `toml:"owner"`
	Group     string   `toml:"group"`
	CheckCmd  string   `toml:"check_cmd"`
	ReloadCmd string   `toml:"reload_cmd"`
}

// fromConfd translates confd's own file and the templates.
func fromConfd(files []File, out *result) error {
	var main confdFile
	var resources []confdResource
	for _, f := range files {
		var c confdFile
		meta, err := toml.Decode(string(f.Text), &c)
		if err != nil {
			return fmt.Errorf("%s: cannot be parsed: %w", f.Path, err)
		}
		for _, key := range meta.Undecoded() {
			out.comment("", "%s: %s is left out.", filepath.Base(f.Path), key)
		}
		if c.Template == nil {
			main = c
			continue
		}
		resources = append(resources, confdResource{f.Path, *c.Template})
	}
	out.confdSource(main)
	for _, t := range resources {
		if err := out.confdTemplate(t, main.Prefix); err != nil {
			return err
		}
	}
	out.comment("", "confd's interval and watch are left out: changes are followed at once.")
	return nil
}

// confdResource is a template resource and where it was read.
type confdResource struct {
	path string
	confdTemplate
}

// confdSource translates the back end.
func (r *result) confdSource(c confdFile) {
	tls := config.TLS{CAFile: c.ClientCAKeys, CertFile: c.ClientCert, KeyFile: c.ClientKey}
	switch c.Backend {
	case "consul":
		r.config.Sources.Consul = &config.Consul{TLS: tls}
		if len(c.Nodes) > 0 {
			r.config.Sources.Consul.Address = withScheme(c.Scheme, c.Nodes[0])
		}
		if len(c.Nodes) > 1 {
			r.note("sources.consul", "Other nodes are left out: %s. concierge asks one agent.", strings.Join(c.Nodes[1:], ", "))
		}
	case "etcd", "etcdv3":
		r.config.Sources.Etcd = &config.Etcd{TLS: tls, Endpoints: c.Nodes, Prefix: "/"}
		r.comment("sources.etcd.prefix", "Keys that confd finds begin with a slash.")
		if c.Username != "" {
			r.note("sources.etcd", "The user %s had a password. It is not copied; write\nusername and password_file.", c.Username)
		}
	case "file":
		r.config.Sources.File = &config.File{}
		if len(c.Files) > 0 {
			r.config.Sources.File.Path = c.Files[0]
		}
	case "":
		r.config.Sources.Consul = &config.Consul{}
		r.note("sources", "The back end is not known: it stands in confd.toml, or on confd's command line.\nconsul is a guess.")
	default:
		r.config.Sources.File = &config.File{}
		r.note("sources", "concierge has no source like confd's back end %s; name one of consul, etcd and file.", c.Backend)
	}
	if level := map[string]string{"debug": "debug", "info": "info", "warn": "warn", "error": "error"}[c.LogLevel]; level != "" {
		r.config.Log.Level = level
	}
}

func withScheme(scheme, node string) string {
	if scheme == "https" && !strings.Contains(node, "://") {
		return "https://" + node
	}
	return node
}

// confdTemplate translates one template resource. The template itself becomes
// part of the result, because it has to be rewritten.
func (r *result) confdTemplate(c confdResource, global string) error {
	at := fmt.Sprintf("templates[%d]", len(r.config.Templates))
	out := config.Template{
		Destination: c.Dest,
		User:        confdOwner(c.Owner, c.UID), Group: confdOwner(c.Group, c.GID),
	}
	if c.Mode != "" {
		mode, err := strconv.ParseUint(c.Mode, 8, 32)
		if err != nil || mode > uint64(fs.ModePerm) {
			return fmt.Errorf("%s: template.mode: %q is not an octal mode; write for example \"0644\"", c.path, c.Mode)
		}
		out.Mode = fs.FileMode(mode)
	}
	if c.CheckCmd != "" {
		out.Check = &config.Command{Command: shell(c.CheckCmd, "{{path}}", c.Dest)}
	}
	if c.ReloadCmd != "" {
		out.OnChange = config.Actions{{Kind: config.ActionCommand, Command: config.Command{Command: shell(c.ReloadCmd, c.Dest, c.Dest)}}}
	}
	if c.Dest == "" {
		r.note("templates", "%s has no dest, and is left out.", filepath.Base(c.path))
		return nil
	}
	prefix := "/" + strings.Trim(cmp.Or(global, c.Prefix), "/") // confd does not join them
	if prefix == "/" {
		prefix = ""
	}
	if global != "" && c.Prefix != "" && global != c.Prefix {
		r.note("templates", "%s: its prefix %s does not count, because confd.toml has one.", filepath.Base(c.path), c.Prefix)
	}
	source := filepath.Join(filepath.Dir(c.path), "..", "templates", c.Src)
	text, err := os.ReadFile(source)
	if err != nil {
		r.note(at, "The template %s cannot be read; its text goes here.", c.Src)
	}
	r.comment(at, "Was %s with the template %s.", filepath.Base(c.path), c.Src)
	rewritten, remarks := rewriteConfd(string(bytes.TrimPrefix(text, []byte("\ufeff"))), prefix)
	for _, remark := range remarks {
		r.note(at, "%s, %s", c.Src, remark)
	}
	out.Contents = rewritten
	r.config.Templates = append(r.config.Templates, out)
	return nil
}

func confdOwner(name string, id *int) string {
	if name == "" && id != nil && *id >= 0 {
		return strconv.Itoa(*id)
	}
	return name
}

// shell returns what runs a line of confd in the shell, as confd does.
func shell(line, src, dest string) []string {
	line = strings.NewReplacer("{{.src}}", src, "{{ .src }}", src, "{{.dest}}", dest, "{{ .dest }}", dest).Replace(line)
	return []string{"sh", "-c", line}
}
