package agent

import (
	"context"
	"sync"
)

// elected says whether the instance leads. Only the candidate calls it.
func (f *fleet) elected(leading bool) {
	select {
	case <-f.leads: // nobody has looked, and it is not so any more
	default:
	}
	f.leads <- leading
}

// attend follows the others while the instance leads, and only then: if each of
// n instances were told of the others, one change of all would be n*n news.
func (f *fleet) attend() {
	for {
		select {
		case leading := <-f.leads:
			for leading {
				leading = f.term()
			}
		case <-f.ctx.Done():
			return
		}
	}
}

// term follows the others until the candidate says something new.
func (f *fleet) term() (leading bool) {
	ctx, stop := context.WithCancel(f.ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { f.roster.Run(ctx) })
	select {
	case leading = <-f.leads:
	case <-ctx.Done():
	}
	return leading
}
