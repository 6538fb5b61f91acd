package config

import (
	"reflect"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// actionMapping is the long form of an [Action].
type actionMapping struct {
	Job         string        `yaml:"job" doc:"Job to restart, or to signal; one that runs to its end runs again." without:"command"`
	Signal      Signal        `yaml:"signal" doc:"Signal sent to the process, or to the job." either:"command" as:"choice"`
	Command     []string      `yaml:"command" doc:"Program and arguments that are run." as:"program"`
	Timeout     time.Duration `yaml:"timeout" doc:"Longest run time of the command." without:"signal" default:"30s"`
	Background  bool          `yaml:"background" doc:"Start the command and do not wait for it."`
	Environment *Environment  `yaml:"environment" doc:"What the command inherits; what the process inherits unless set."`
}

// actionWords are the short forms.
var actionWords = []string{string(ActionReload), string(ActionRestart), string(ActionNone)}

// action reads an action in its short or long form.
func (d *decoder) action(n *yaml.Node, a *Action, path string) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.ScalarNode || !slices.Contains(actionWords, n.Value) {
			d.fail(n, path, n.Value, "is not an action", "write reload, restart, none, {signal: HUP}, {job: NAME} or {command: [program, argument]}")
			return
		}
		*a = Action{Kind: ActionKind(n.Value)}
		return
	}
	var m actionMapping
	before := len(d.errs)
	d.mapping(n, reflect.ValueOf(&m).Elem(), path)
	switch {
	case len(d.errs) > before:
	case m.Signal != 0 && m.Command != nil:
		d.fail(n, path, "", "has both a signal and a command", "keep one of them")
	case m.Signal != 0 && (m.Timeout != 0 || m.Background || m.Environment != nil):
		d.fail(n, path, "", "has settings of a command beside a signal", "keep the signal alone")
	case m.Job != "" && (m.Command != nil || m.Timeout != 0 || m.Background || m.Environment != nil):
		d.fail(n, path, "", "has settings of a command beside a job", "keep the job alone, or with a signal")
	case m.Signal != 0:
		*a = Action{Kind: ActionSignal, Signal: m.Signal, Job: m.Job}
	case m.Job != "":
		*a = Action{Kind: ActionRestart, Job: m.Job}
	case m.Command != nil:
		*a = Action{Kind: ActionCommand, Command: Command{
			Command: m.Command, Timeout: m.Timeout, Background: m.Background, Environment: m.Environment,
		}}
	default:
		d.fail(n, path, "", "says nothing to do", "write reload, restart, none, {signal: HUP} or {command: [program, argument]}")
	}
}
