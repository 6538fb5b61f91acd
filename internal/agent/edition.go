package agent

import (
	"slices"
	"time"
)

// edition is the texts that the units of a rollout had at a time. An instance
// keeps those of the releases it knows: a reload that brings other texts brings
// another release, which is taken and given up like any other.
type edition struct {
	texts   []string // digests, sorted
	sources map[unitName]executor
}

// unitName tells the units of a program apart.
type unitName struct{ label, destination string }

func (u *unit) name() unitName { return unitName{u.label, u.target.Path} }

func editionOf(units []*unit) edition {
	e := edition{texts: textsOf(units), sources: make(map[unitName]executor, len(units))}
	for _, u := range units {
		e.sources[u.name()] = u.source
	}
	return e
}

// fits reports whether the edition has a text for each of the units and no more.
func (e edition) fits(units []*unit) bool {
	return len(e.sources) == len(units) && !slices.ContainsFunc(units, func(u *unit) bool { return e.sources[u.name()] == nil })
}

// replace makes these the sets of the rollout, and keeps the texts that were
// there before if something knows them.
func (g *rolling) replace(sets []*set) {
	former := editionOf(g.units())
	g.sets = sets
	units := g.units()
	g.texts = textsOf(units)
	if slices.Equal(former.texts, g.texts) {
		return
	}
	g.editions = slices.DeleteFunc(append(g.editions, former), func(e edition) bool { return !e.fits(units) || !g.mentions(e.texts) })
	if len(g.editions) > 0 && !g.mentions(g.texts) {
		g.fleet.log.Info("other template files are another release: it is begun when the leader has them too", "rollout", g.name)
	}
}

// mentions reports whether a release that is known has these texts.
func (g *rolling) mentions(texts []string) bool {
	for _, r := range g.releases {
		if slices.Equal(r.Templates, texts) {
			return true
		}
	}
	return false
}

// sources are the texts of a release: nil, true where the units have them.
func (g *rolling) sources(r made) (of map[unitName]executor, known bool) {
	if slices.Equal(r.Templates, g.texts) {
		return nil, true
	}
	for _, e := range g.editions {
		if slices.Equal(r.Templates, e.texts) {
			return e.sources, true
		}
	}
	return nil, false
}

// expects reports whether the texts of the target are not here yet, though those
// of what runs are: whoever brings them to the leader brings them here, too. It
// is in vain after the time that a change may take; then the values of the target
// are taken with the texts that are here.
func (g *rolling) expects(now time.Time) bool {
	target, running := g.releases[g.target], g.releases[g.running]
	_, here := g.sources(target)
	_, were := g.sources(running)
	switch {
	case here || !were || g.target == g.running:
		g.lacking = time.Time{}
		return false
	case g.lacking.IsZero():
		g.lacking = now
		g.fleet.log.Warn("the release has other template files than this instance: they are waited for (replace the files and reload)",
			"rollout", g.name, "release", g.target, "at_most", g.cfg.Deadline.String())
	}
	return now.Sub(g.lacking) < g.cfg.Deadline
}

// note says what is odd about the texts of this instance; empty if nothing is.
func (g *rolling) note() string {
	running, known := g.releases[g.running]
	_, fits := g.sources(running)
	former, _ := g.sources(g.releases[g.target])
	switch {
	case !g.lacking.IsZero() && g.target != g.running:
		return "it waits for the template files of release " + g.target + ": replace the files and reload"
	case known && !fits:
		return "its template files are not those of release " + g.running
	case former != nil:
		return "it was reloaded with other template files: they are taken when the leader has them and makes a release of them"
	}
	return ""
}
