package secrets

import (
	"fmt"
	"os"
	"strings"
)

// Credential is a secret with which concierge shows who it is. It is given
// directly or kept in a file that somebody else (an agent, an operator, a
// mounted volume) may replace at any time. It is safe for concurrent use.
type Credential struct {
	value Text
	path  string
}

// NewCredential returns the credential kept in the file, or the given value if
// path is empty. It does not read the file: one that is written later is found
// by [Credential.Current].
func NewCredential(value Text, path string) Credential {
	return Credential{value: value, path: path}
}

// Current returns the credential as it is now. The file is read each time, so
// that a rotated credential is used at once; it is small and requests to a
// store are few. White space around it is cut, since editors and templates
// leave a newline at the end.
func (c Credential) Current() (Text, error) {
	if c.path == "" {
		return c.value, nil
	}
	b, err := os.ReadFile(c.path)
	if err != nil {
		return Text{}, fmt.Errorf("reading credential file: %w", err)
	}
	return NewText(strings.TrimSpace(string(b))), nil
}
