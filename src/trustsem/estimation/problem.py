"""An estimation problem: a model, its samples, and the objective that joins them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats
from trustsem.estimation.bounds import Bounds, build_bounds
from trustsem.estimation.estimators import ESTIMATORS, Estimator, ordinal_criterion
from trustsem.estimation.objective import AnyBlock, Block, Objective, shares
from trustsem.estimation.reduction import Reduction, build_reduction
from trustsem.estimation.responses import ResponseBlock
from trustsem.estimation.starts import start_values
from trustsem.implied import Implied, Structure, compile_structure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustsem.discrepancy import Criterion
    from trustsem.moments import SampleMoments
    from trustsem.specification import Parameter, ParameterTable


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that an engine needs, and everything that inference needs afterwards.

    Parameters
    ----------
    table : ParameterTable
        The model.
    samples : tuple of SampleMoments
        One per group, variables in the order of ``table.observed``.
    structures : tuple of Structure
        The compiled groups.
    objective : Objective
        F as a function of the reduced parameters.
    estimator : Estimator
        Which discrepancy, and what may be concluded from its minimum.
    bounds : Bounds
        The box that the reduced parameters must stay in.
    """

    table: ParameterTable
    samples: tuple[SampleMoments, ...]
    structures: tuple[Structure, ...]
    objective: Objective
    estimator: Estimator
    bounds: Bounds

    @classmethod
    def build(
        cls,
        table: ParameterTable,
        samples: Sequence[SampleMoments],
        estimator: str = "ML",
        bounds: str = "none",
    ) -> Problem:
        """Compile the model and join it to its samples.

        Parameters
        ----------
        table : ParameterTable
            The model.
        samples : sequence of SampleMoments
            One per group.
        estimator : str
            A name of :data:`ESTIMATORS`.
        bounds : str
            Value of the option ``bounds``.

        Raises
        ------
        SpecificationError
            If the model's equality constraints contradict each other.
        MomentsError
            If the estimator's weights cannot be formed from the samples.
        """
        ordered = tuple(sample.select(table.observed) for sample in samples)
        structures = tuple(compile_structure(table, group + 1) for group in range(table.n_groups))
        chosen = ESTIMATORS[estimator]
        blocks = _blocks(table, structures, ordered, chosen)
        reduction = build_reduction(table)
        box = build_bounds(bounds, table, ordered, reduction)
        return cls(table, ordered, structures, Objective(blocks, reduction), chosen, box)

    def by(self, estimator: str) -> Problem:
        """Return the same model and samples with the discrepancy of another estimator.

        A stack of complete samples (:func:`trustsem.estimation.stacked_objective`) stays one where
        that discrepancy needs no more than moments.
        """
        if estimator == self.estimator.name:
            return self
        chosen = ESTIMATORS[estimator]
        blocks = _blocks(self.table, self.structures, self.samples, chosen)
        if chosen.from_moments is not None:
            pairs = zip(blocks, self.objective.blocks, strict=True)
            blocks = tuple(_of_stack(block, stack, chosen.from_moments) for block, stack in pairs)
        return replace(self, objective=replace(self.objective, blocks=blocks), estimator=chosen)

    def with_samples(self, samples: Sequence[SampleMoments]) -> Problem:
        """Return the same model joined to other samples, with variables in the same order."""
        blocks = _blocks(self.table, self.structures, samples, self.estimator)
        return replace(
            self, samples=tuple(samples), objective=replace(self.objective, blocks=blocks)
        )

    @property
    def reduction(self) -> Reduction:
        """From reduced to all parameters."""
        return self.objective.reduction

    def dimensionless(self) -> Problem:
        """Return the problem with F free of the items' units, for searches and scale-free rules.

        Only unweighted least squares leaves F in units of the data; it is divided by the mean
        square of the sample covariances, per variable.
        """
        if self.estimator.unit_free or self.table.ordered:
            return self
        blocks = [block for block in self.objective.blocks if isinstance(block, Block)]
        at = [block.criterion.at(block.S, block.mean) for block in blocks]
        size = sum(
            block.share * float(here.expected.square(block.S)) / len(block.S)
            for block, here in zip(blocks, at, strict=True)
        )
        scaled = self.objective.with_shares([block.share / size for block in blocks])
        return replace(self, objective=scaled)

    @property
    def by_cases(self) -> bool:
        """Whether F needs more of a sample than covariances and means: cases, or thresholds."""
        return self.estimator.from_moments is None or bool(self.table.ordered)

    @property
    def weight(self) -> int:
        """What F is multiplied with to give chi-square, over all groups."""
        return sum(sample.weight for sample in self.samples)

    @property
    def information_objective(self) -> Objective:
        """F with groups weighted by their cases: information is pooled so, whatever F counts."""
        return self.objective.with_shares(shares([sample.n_obs for sample in self.samples]))

    @property
    def chi_square_objective(self) -> Objective:
        """Each group's F times its own N or N-1: a function whose value is chi-square."""
        return self.objective.with_shares([sample.weight for sample in self.samples])

    @property
    def n_obs(self) -> int:
        """Observations over all groups."""
        return sum(sample.n_obs for sample in self.samples)

    @property
    def n_moments(self) -> int:
        """Number of sample moments that the model has to explain."""
        return sum(
            structure.n_moments - len(structure.sample_cells) for structure in self.structures
        )

    def start(self, *, modest: bool = False) -> Floats:
        """Return starting values of the reduced parameters, shape (r,)."""
        params = np.zeros(self.table.n_free)
        for group, (structure, sample) in enumerate(
            zip(self.structures, self.samples, strict=True), start=1
        ):
            values = start_values(self.table, structure, sample, group, modest=modest)
            params[structure.free] = values
        return self.reduction.reduce(params)

    def implied(self, params: Floats) -> tuple[Implied, ...]:
        """Return each group's implied moments at one set of parameters."""
        return tuple(block.implied(params) for block in self.objective.blocks)

    def active_conditions(self, params: Floats) -> tuple[str, ...]:
        """Return the inequalities on whose boundary a point lies, as written."""
        conditions = self.reduction.conditions
        return conditions.named(conditions.on_boundary(params)) if len(conditions) else ()

    def condition_jacobian(self, params: Floats, *, with_active: bool = True) -> Floats:
        """Return the derivative of the nonlinear equalities that hold at a point.

        Parameters
        ----------
        params : ndarray, shape (q,)
            All free parameters.
        with_active : bool
            Whether inequalities on their boundary count as equalities.

        Returns
        -------
        ndarray, shape (k, r)
            In the reduced parameters.
        """
        conditions = self.reduction.conditions
        if not len(conditions):
            return np.empty((0, self.reduction.K.shape[1]))
        working = conditions.equality
        if with_active:
            working = working | conditions.on_boundary(params)
        return np.asarray(self.reduction.condition_slopes(params)[working])

    @property
    def reduced_rows(self) -> tuple[Parameter, ...]:
        """The row of the table that each reduced parameter is."""
        rows = {row.free - 1: row for row in self.table.parameters if row.free}
        return tuple(rows[int(position)] for position in self.reduction.kept)


def _of_stack(
    block: AnyBlock, stack: AnyBlock, form: Callable[[Floats, Floats | None], Criterion]
) -> AnyBlock:
    """Return a group with the samples of a stack in place of its single sample."""
    if isinstance(block, ResponseBlock) or stack.S.ndim == block.S.ndim:
        return block
    return replace(block, S=stack.S, mean=stack.mean, criterion=form(stack.S, stack.mean))


def _blocks(
    table: ParameterTable,
    structures: Sequence[Structure],
    samples: Sequence[SampleMoments],
    estimator: Estimator,
) -> tuple[AnyBlock, ...]:
    """Return each group's block: its structure, its samples, its criterion.

    Groups share the F of a likelihood by their cases, also where chi-square counts one less in
    each, and that of least squares as chi-square counts them; lavaan's rule.
    """
    counts = [sample.n_obs if estimator.likelihood else sample.weight for sample in samples]
    blocks: list[AnyBlock] = []
    for structure, sample, share in zip(structures, samples, shares(counts), strict=True):
        if sample.ordinal is not None:
            vector = ordinal_criterion(sample.ordinal, estimator.name)
            block = ResponseBlock(structure, sample.cov, sample.ordinal.mean, vector, share)
            blocks.append(block)
            continue
        means = structure.has_means
        criterion = estimator.criterion(sample, means, table.exogenous)
        mean = sample.mean if means else None
        blocks.append(Block(structure, sample.cov, mean, criterion, share))
    return tuple(blocks)
