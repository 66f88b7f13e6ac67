package okr

// Objective is what a team wants to reach within a period.
type Objective struct {
	ID        int64
	Workspace string
	Title     string
	Owner     string
	Period    Period
	Zone      string // IANA; its days and hours are the key results'
	Channel   string // where its key results are announced unless they say otherwise; may be empty
	Closed    bool   // closed out: it and its key results stay as they are
}

// Check finds what is wrong with an objective that people entered.
func (o Objective) Check() Problems {
	p := Problems{}
	p.Add("title", titleProblem(o.Title))
	if o.Owner == "" {
		p.Add("owner", "Choose an owner.")
	}
	if o.Period.Last < o.Period.First {
		p.Add("last", "The period ends before it begins. Choose a later last day.")
	}
	if _, err := location(o.Zone); err != nil {
		p.Add("zone", zoneProblem)
	}
	return p
}
