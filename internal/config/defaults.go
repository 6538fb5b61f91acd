package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
)

// applyDefaults fills in what nothing set. dir is the directory of the
// configuration file.
func (c *Config) applyDefaults(dir string) {
	s := &c.Sources
	if s.Consul == nil && s.Etcd == nil && s.File == nil {
		s.File = new(File)
	}
	if s.File != nil && s.File.Path == "" {
		s.File.Path = filepath.Join(dir, "config")
	}
	if names := s.names(); s.Default == "" && len(names) == 1 {
		s.Default = names[0]
	}
	c.Wait.applyMax()
	fillDefaults(reflect.ValueOf(&c.Delimiters).Elem())
	for i := range c.Templates {
		c.Templates[i].inherit(c)
	}
	c.nameless()
	fillDefaults(reflect.ValueOf(c).Elem())
	c.defaultPolicies()
	if p := c.Process; p != nil && p.Reload != nil && p.Reload.Signal != 0 {
		p.Reload.Timeout = 0 // it is the command's
	}
}

// nameless gives every entry of a table a section: "backup:" alone stands for
// one with its defaults.
func (c *Config) nameless() {
	for name, j := range c.Jobs {
		if j == nil {
			c.Jobs[name] = new(Job)
		}
	}
	for name, s := range c.Sets {
		if s == nil {
			c.Sets[name] = new(Set)
		}
	}
	if m := c.Metrics; m != nil {
		m.nameless()
	}
	if cl := c.Cluster; cl != nil {
		cl.nameless()
	}
}

// nameless does the same for the tables of the cluster.
func (cl *Cluster) nameless() {
	for name, r := range cl.Rollouts {
		if r == nil {
			cl.Rollouts[name] = new(Rollout)
		}
		if r := cl.Rollouts[name]; len(r.Stages) == 0 && r.Canary == "" {
			r.Canary = "1"
		}
	}
	for name, r := range cl.Rules {
		if r == nil {
			cl.Rules[name] = new(ClusterRule)
		}
	}
}

// nameless does the same for the tables of the metrics.
func (m *Metrics) nameless() {
	for name, c := range m.Collect {
		if c == nil {
			m.Collect[name] = new(Collect)
		}
	}
	for name, c := range m.Checks {
		if c == nil {
			m.Checks[name] = new(ExecCheck)
		}
	}
	for name, p := range m.Push {
		if p == nil {
			m.Push[name] = new(Push)
		}
	}
}

// defaultPolicies fills in what depends on the kind of a program.
func (c *Config) defaultPolicies() {
	if p := c.Process; p != nil {
		p.Restart.Policy, p.Restart.GiveUp = cmp.Or(p.Restart.Policy, "never"), cmp.Or(p.Restart.GiveUp, "end")
	}
	needed := make(map[string]bool)
	if c.Process != nil {
		c.neededBy(c.Process.DependsOn, needed)
	}
	for name, j := range c.Jobs {
		policy, giveUp := "never", "park"
		if j.Type == JobService {
			policy = "always"
		}
		if j.Hook == "before_start" || needed[name] {
			giveUp = "end"
		}
		j.Restart.Policy, j.Restart.GiveUp = cmp.Or(j.Restart.Policy, policy), cmp.Or(j.Restart.GiveUp, giveUp)
		if j.Type == JobInterval && j.Timeout == 0 {
			j.Timeout = j.Every
		}
	}
	for _, s := range c.Sets {
		if s.Window == 0 {
			s.Window = c.Rollback.Window
		}
	}
}

// neededBy collects the jobs that must be there, and those that they need.
func (c *Config) neededBy(dependsOn map[string]string, into map[string]bool) {
	for name := range dependsOn {
		if j := c.Jobs[name]; j != nil && !into[name] {
			into[name] = true
			c.neededBy(j.DependsOn, into)
		}
	}
}

// names returns the configured sources.
func (s *Sources) names() []string {
	var names []string
	for _, n := range []struct {
		name string
		set  bool
	}{{"consul", s.Consul != nil}, {"etcd", s.Etcd != nil}, {"file", s.File != nil}} {
		if n.set {
			names = append(names, n.name)
		}
	}
	return names
}

func (w *Wait) applyMax() {
	if w.Max == 0 {
		w.Max = 4 * w.Min
	}
}

// inherit gives a template what applies to it from the top of the
// configuration.
func (t *Template) inherit(c *Config) {
	d := c.Delimiters
	if own := t.Delimiters; own != nil {
		d = Delimiters{Left: cmp.Or(own.Left, d.Left), Right: cmp.Or(own.Right, d.Right)}
	}
	t.Delimiters = &d
	if t.ErrorOnMissingKey == nil {
		t.ErrorOnMissingKey = new(c.ErrorOnMissingKey)
	}
	if t.Wait == nil {
		t.Wait = new(c.Wait)
	}
	t.Wait.applyMax()
	if t.OnChange == nil {
		t.OnChange = Actions{{Kind: c.defaultAction()}}
	}
	for i := range t.OnChange {
		if a := &t.OnChange[i]; a.Kind == ActionCommand {
			fillDefaults(reflect.ValueOf(&a.Command).Elem())
		}
	}
}

func (c *Config) defaultAction() ActionKind {
	switch {
	case c.Process == nil:
		return ActionNone
	case c.Process.Reload != nil:
		return ActionReload
	}
	return ActionRestart
}

// fillDefaults gives every zero setting the default of its tag. Sections that
// are not configured stay so.
func fillDefaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		child := v.FieldByIndex(f.index)
		if f.fallback != "" && child.IsZero() {
			setDefault(child, f)
			continue
		}
		if child.Kind() == reflect.Pointer {
			child = child.Elem() // an invalid value when nil
		}
		switch {
		case child.Kind() == reflect.Map && child.Type().Elem().Kind() == reflect.Pointer:
			for _, name := range namesOf(child) {
				fillDefaults(child.MapIndex(reflect.ValueOf(name)).Elem())
			}
		case child.Kind() == reflect.Slice:
			for i := range child.Len() {
				if item := child.Index(i); item.Kind() == reflect.Struct && item.Type() != actionType {
					fillDefaults(item)
				}
			}
		case child.Kind() == reflect.Struct && !isScalar(child.Type()) && child.Type() != actionType:
			fillDefaults(child)
		}
	}
}

// setDefault sets v from its tag; a wrong tag is a mistake in this package.
func setDefault(v reflect.Value, f field) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	words, items := []string{f.fallback}, []reflect.Value{v}
	if v.Kind() == reflect.Slice {
		words, items = strings.Split(f.fallback, ","), nil
		v.Set(reflect.MakeSlice(v.Type(), len(words), len(words)))
		for i := range words {
			items = append(items, v.Index(i))
		}
	}
	for i, word := range words {
		if c := setText(items[i], f, word, ""); c != (complaint{}) {
			panic(fmt.Sprintf("default %q of %s %s", word, f.name, c.reason))
		}
	}
}
