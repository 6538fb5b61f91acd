package convert

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"concierge/internal/config"
)

// result is a configuration in the making, and what is said of it.
type result struct {
	config   config.Config
	comments map[string][]string // by path of the setting; "" is the top
	notes    []string
}

func newResult(kind Kind, files []File) *result {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = filepath.Base(f.Path)
	}
	r := &result{comments: make(map[string][]string)}
	r.comment("", "Made by concierge convert from %s's %s.", kind, strings.Join(names, ", "))
	r.comment("", "Relative paths start at the directory of this file.")
	return r
}

// comment puts a line above a setting.
func (r *result) comment(path, format string, args ...any) {
	r.comments[path] = append(r.comments[path], printable(fmt.Sprintf(format, args...)))
}

// printable replaces what neither a comment nor a terminal may have.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, text)
}

// note says something to the person who converts, and in the result as well.
func (r *result) note(path, format string, args ...any) {
	r.comment(path, format, args...)
	r.notes = append(r.notes, printable(fmt.Sprintf(format, args...)))
}

// yaml writes the document.
func (r *result) yaml() ([]byte, error) {
	form, err := r.config.MarshalYAML()
	if err != nil {
		return nil, fmt.Errorf("writing configuration: %w", err)
	}
	root := form.(*yaml.Node)
	prune(root)
	r.attach(root, "")
	var out bytes.Buffer
	out.WriteString(r.take("") + "\n")
	for _, path := range r.left() {
		out.WriteString("#\n" + r.take(path) + "\n")
	}
	if len(root.Content) == 0 {
		return out.Bytes(), nil
	}
	out.WriteByte('\n')
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("writing configuration: %w", err)
	}
	return out.Bytes(), enc.Close()
}

// onByDefault are the truth values that say something when they are false.
var onByDefault = []string{"create_dirs", "renew_token", "no_prefix", "upcase", "sanitize"}

// prune removes what says nothing: false, 0 and empty sections, except for the
// sections that stand for a store.
func prune(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			prune(c)
		}
		return
	}
	var kept []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		prune(value)
		off := value.ShortTag() == "!!bool" && value.Value == "false" && !slices.Contains(onByDefault, key.Value)
		zero := value.ShortTag() == "!!int" && value.Value == "0"
		empty := value.Kind == yaml.MappingNode && len(value.Content) == 0 && !slices.Contains([]string{"consul", "vault", "file", "wait"}, key.Value)
		if !off && !zero && !empty {
			kept = append(kept, key, value)
		}
	}
	n.Content = kept
}

// attach puts the comments above their settings, and forgets them.
func (r *result) attach(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			at := n.Content[i].Value
			if path != "" {
				at = path + "." + at
			}
			n.Content[i].HeadComment = r.take(at)
			r.attach(n.Content[i+1], at)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			if item.Kind == yaml.MappingNode {
				item.HeadComment = r.take(at)
			}
			r.attach(item, at)
		}
	}
}

func (r *result) take(path string) string {
	lines := r.comments[path]
	if len(lines) == 0 {
		return ""
	}
	delete(r.comments, path)
	return "# " + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n# ")
}

// left returns the paths of comments on settings that are not there.
func (r *result) left() []string {
	var paths []string
	for path := range r.comments {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}
