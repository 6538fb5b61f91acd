package telemetry

import "sync"

// maxOwn is how many names of one kind have series of their own.
const maxOwn = 100

// Other is the label of all names beyond the first hundred.
const Other = "other"

// names knows the names of one kind that the configuration has. It is safe for
// concurrent use.
type names struct {
	mu     sync.RWMutex
	labels map[string]string // guarded by mu; the label by the name
}

// label returns the label of a name; ok is false for one that is not known.
func (n *names) label(name string) (label string, ok bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	label, ok = n.labels[name]
	return label, ok
}

// replace makes these the names. One that has series keeps them, so that they
// do not change their meaning. It returns the labels that are new, and those
// that there are no more.
func (n *names) replace(all []string) (fresh, gone []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.labels
	n.labels = make(map[string]string, len(all))
	for _, name := range all {
		if before[name] == name {
			n.labels[name] = name
		}
	}
	own := len(n.labels)
	for _, name := range all {
		switch {
		case n.labels[name] != "":
		case own < maxOwn:
			n.labels[name] = name
			own++
		default:
			n.labels[name] = Other
		}
	}
	return without(n.labels, before), without(before, n.labels)
}

// without returns the labels of a that b does not have, each once.
func without(a, b map[string]string) []string {
	seen := make(map[string]bool)
	for _, label := range b {
		seen[label] = true
	}
	var rest []string
	for _, label := range a {
		if !seen[label] {
			seen[label] = true
			rest = append(rest, label)
		}
	}
	return rest
}
