package secrets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/secrets"
)

func TestCredentialFollowsItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	c := secrets.NewCredential(secrets.NewText("given"), file)
	if _, err := c.Current(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a missing file gives %v, want an error that names it", err)
	}
	for content, want := range map[string]string{"first\n": "first", " \tsecond\r\n\n": "second", "": ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Current(); err != nil || got.Reveal() != want {
			t.Errorf("file %q gives %q, %v; want %q", content, got.Reveal(), err, want)
		}
	}
}

func TestCredentialWithoutFileIsTheGivenOne(t *testing.T) {
	if got, err := secrets.NewCredential(secrets.NewText("given"), "").Current(); err != nil || got.Reveal() != "given" {
		t.Errorf("credential is %q, %v", got.Reveal(), err)
	}
}
