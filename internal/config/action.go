package config

import (
	"reflect"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// actionMapping is the long form of an [Action].
type actionMapping struct {
	Signal  Signal        `yaml:"signal" doc:"Signal sent to the process." either:"command" as:"choice"`
	Command []string      `yaml:"command" doc:"Program and arguments that are run." as:"program"`
	Timeout time.Duration `yaml:"timeout" doc:"Longest run time of the command." without:"signal" default:"30s"`
}

// actionWords are the short forms.
var actionWords = []string{string(ActionReload), string(ActionRestart), string(ActionNone)}

// action reads an action in its short or long form.
func (d *decoder) action(n *yaml.Node, a *Action, path string) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.ScalarNode || !slices.Contains(actionWords, n.Value) {
			d.fail(n, path, n.Value, "is not an action", "write reload, restart, none, {signal: HUP} or {command: [program, argument]}")
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
	case m.Signal != 0 && m.Timeout != 0:
		d.fail(n, path, "", "has a timeout beside a signal", "a timeout belongs to a command")
	case m.Signal != 0:
		*a = Action{Kind: ActionSignal, Signal: m.Signal}
	case m.Command != nil:
		*a = Action{Kind: ActionCommand, Command: Command{Command: m.Command, Timeout: m.Timeout}}
	default:
		d.fail(n, path, "", "says nothing to do", "write reload, restart, none, {signal: HUP} or {command: [program, argument]}")
	}
}
