package doctor

// Checks returns all checks, the commonest problems first.
func Checks() []Check {
	return []Check{
		noLeader(),
		memberDown(),
		endpointDown(),
		wrongCluster(),
		wrongMember(),
		noSpace(),
		corrupt(),
		hashes(),
		evenMembers(),
		learnerReady(),
		learnerBehind(),
		memberUnstarted(),
		duplicateName(),
		unreachableURLs(),
		loopbackURLs(),
		mixedVersions(),
		downgradeOn(),
		storageVersion(),
		knownBadRelease(),
		quotaUse(),
		quotaDiffers(),
		fragmentation(),
		largeDatabase(),
		raftLag(),
		applyLag(),
		leaderChanges(),
		slowFsync(),
		slowCommit(),
		slowApply(),
		slowPeers(),
		failedProposals(),
		slowWatchers(),
		openFiles(),
		noCompaction(),
		deepHistory(),
		leases(),
		certificateExpiry(),
		certificateNames(),
		certificateIssuers(),
		openAccess(),
		authHalf(),
		clockSkew(),
		oldBackup(),
		v2Content(),
		flagsDropped(),
	}
}

// Quick returns the checks that need nothing beyond what every member says of
// itself in one answer, and the alarms.
func Quick() []Check {
	const quick = NeedMembers | NeedStatus | NeedAlarms | NeedQuota
	var some []Check
	for _, c := range Checks() {
		if c.Needs&^quick == 0 && c.Needs != 0 || c.Name == endpointDown().Name || c.Name == wrongCluster().Name {
			some = append(some, c)
		}
	}
	return some
}
