package consul

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"concierge/sources"
)

func pairsAt(keys []string) ranged {
	var pairs ranged
	for _, key := range keys {
		pairs = append(pairs, sources.KeyPair{Path: key})
	}
	return pairs
}

// TestPiecesServeExactlyWhatIsWanted splits ranges of random keys.
func TestPiecesServeExactlyWhatIsWanted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 200 {
		var there, wanted []string
		for range 600 + rng.IntN(3000) {
			key := "app/" + strings.Repeat("x", rng.IntN(4)) + fmt.Sprint(rng.IntN(100_000))
			there = append(there, key)
			if rng.IntN(3) == 0 {
				wanted = append(wanted, key)
			}
			if rng.IntN(50) == 0 {
				wanted = append(wanted, key[:len(key)-1], key+"/absent")
			}
		}
		slices.Sort(there)
		slices.Sort(wanted)
		there, wanted = slices.Compact(there), slices.Compact(wanted)
		limit := 2 + rng.IntN(60)
		parts := split(span{path: "app/", recurse: true}, pairsAt(there), wanted, limit)
		if len(parts) > limit {
			t.Fatalf("round %d: %d pieces, at most %d allowed", round, len(parts), limit)
		}
		for _, key := range wanted {
			if len(parts) == 0 {
				break
			}
			part, ok := parts.of(key)
			if !ok || part.recurse && !strings.HasPrefix(key, part.path) || !part.recurse && part.path != key {
				t.Fatalf("round %d: %s is served by %v, %t", round, key, part, ok)
			}
		}
		for i := 1; i < len(parts); i++ {
			if a, b := parts[i-1], parts[i]; a.recurse && strings.HasPrefix(b.path, a.path) || a.path == b.path {
				t.Fatalf("round %d: %v and %v overlap", round, a, b)
			}
		}
	}
}

func TestLargeDirectoryIsReadInSmallPieces(t *testing.T) {
	var keys []string
	for i := range 10_000 {
		keys = append(keys, fmt.Sprintf("app/key-%05d", i))
	}
	parts := split(span{path: "app/", recurse: true}, pairsAt(keys), keys, maxPieces)
	if len(parts) < 10 {
		t.Errorf("%d pieces", len(parts))
	}
	if parts := split(span{path: "app/", recurse: true}, pairsAt(keys[:100]), keys[:100], 64); parts != nil {
		t.Errorf("a small range is split into %v", parts)
	}
}
