package reload

import (
	"os"
	"testing"
)

// TestMain also makes this binary the program of [TestReap], which has to have
// its process to itself.
func TestMain(m *testing.M) {
	if os.Getenv(stormVariable) != "" {
		os.Exit(storm())
	}
	os.Exit(m.Run())
}
