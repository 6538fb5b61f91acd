package consultemplate

import (
	"errors"
	"strings"
	"time"

	"concierge/internal/config/hclfile"
)

// Wait is quiescence. It may be written as min or min:max.
type Wait struct {
	Enabled hclfile.Value[bool]          `hcl:"enabled,bool"` // consul-template calls it bool by mistake
	Min     hclfile.Value[time.Duration] `hcl:"min"`
	Max     hclfile.Value[time.Duration] `hcl:"max"`
}

// SetText implements [hclfile.TextBlock].
func (w *Wait) SetText(text, at string) error {
	least, most, two := strings.Cut(strings.TrimSpace(text), ":")
	shortest, err := time.ParseDuration(strings.TrimSpace(least))
	if err != nil {
		return errors.New("is not min or min:max; write for example 5s:20s")
	}
	longest := 4 * shortest
	if two {
		if longest, err = time.ParseDuration(strings.TrimSpace(most)); err != nil {
			return errors.New("is not min or min:max; write for example 5s:20s")
		}
	}
	switch {
	case shortest < 0 || longest < 0:
		return errors.New("is negative; write for example 5s:20s")
	case longest < shortest:
		return errors.New("has a max that is less than min; write for example 5s:20s")
	}
	*w = Wait{Min: hclfile.Of(shortest, at), Max: hclfile.Of(longest, at)}
	return nil
}
