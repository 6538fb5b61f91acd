package consultemplate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
)

// commandTimeout is how long a command may run unless said otherwise.
const commandTimeout = 30 * time.Second

// template translates one template and the command that follows it.
func (t *translator) template(i int, in *Template) config.Template {
	out := config.Template{
		Source: in.Source.V, Contents: in.Contents.V, Destination: in.Destination.V,
		Mode: in.Perms.V, User: owner(in.User.V, in.UID.Ptr()), Group: owner(in.Group.V, in.GID.Ptr()),
		Backup: in.Backup.V, CreateDirs: in.CreateDestDirs.Ptr(),
		ErrorOnMissingKey: in.ErrorOnMissingKey.Ptr(), Wait: in.Wait.quiescence(), OnError: in.onError(),
		DenyFunctions: denied(in.FunctionDenylist.V), Sandbox: in.SandboxPath.V,
		OnChange: t.onChange(in),
	}
	if in.LeftDelimiter.V != "" || in.RightDelimiter.V != "" {
		out.Delimiters = &config.Delimiters{Left: in.LeftDelimiter.V, Right: in.RightDelimiter.V}
	}
	at := fmt.Sprintf("templates[%d]", i)
	t.note(at, in.At)
	t.note(at+".source", in.Source.At)
	t.note(at+".destination", in.Destination.At)
	t.note(at+".user", in.User.At)
	t.note(at+".group", in.Group.At)
	return out
}

// owner returns a user or group: a name, or the older number.
func owner(name string, id *int) string {
	if name == "" && id != nil {
		return strconv.Itoa(*id)
	}
	return name
}

// onError translates error_fatal. Not said, a template that failed once it had
// been rendered keeps its file, and concierge goes on.
func (in *Template) onError() string {
	switch {
	case !in.ErrorFatal.Given():
		return "fail_first"
	case in.ErrorFatal.V:
		return "fail"
	}
	return "keep"
}

// denied makes patterns in which only the asterisk is special ones in which
// nothing else is.
func denied(patterns []string) []string {
	escape := strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`)
	var out []string
	for _, p := range patterns {
		if p != "" {
			out = append(out, escape.Replace(p))
		}
	}
	return out
}

// onChange returns the command that follows a rendering, and what the process
// needs.
func (t *translator) onChange(in *Template) config.Actions {
	var actions config.Actions
	if command := in.command(); len(command) > 0 {
		timeout := in.timeout()
		actions = append(actions, config.Action{Kind: config.ActionCommand, Command: config.Command{
			Command: command, Timeout: timeout, Background: timeout == 0,
			Environment: new(t.environment("template.exec.env", in.Exec.Env, t.variables)),
		}})
	}
	if t.Config.Process != nil {
		actions = append(actions, t.doc.Exec.change()...)
	}
	if actions == nil {
		return config.Actions{{Kind: config.ActionNone}}
	}
	return actions
}

// command returns the command of the exec block, else that of the older key.
func (in *Template) command() []string {
	switch {
	case !in.Exec.Enabled.Or(true):
		return nil
	case in.Exec.Command.Given():
		return in.Exec.Command.Args()
	}
	return in.Command.Args()
}

// timeout returns how long the command may run; 0 is started and left alone.
func (in *Template) timeout() time.Duration {
	if in.Exec.Timeout.Given() {
		return in.Exec.Timeout.V
	}
	return in.CommandTimeout.Or(commandTimeout)
}
