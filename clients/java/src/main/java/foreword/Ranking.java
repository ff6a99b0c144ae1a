package foreword;

import foreword.v1.Candidate;
import foreword.v1.RankActionsResponse;
import java.util.List;

/**
 * An order of candidates.
 *
 * @param order the candidates as they were given, best first
 * @param isRanked false where nobody ranked: the candidates then stand as they were given
 * @param decisionId names the order, for feedback; empty when it was not logged
 * @param response the sidecar's, with scores and propensities; the default instance where nobody ranked
 */
public record Ranking(
    List<Candidate> order, boolean isRanked, String decisionId, RankActionsResponse response) {}
