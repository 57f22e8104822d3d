"""What both kinds of recipe say about the optimiser, the schedule, the machine and the log."""

from dataclasses import dataclass

from cueseg.training.recipe_values import check

OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("cosine", "constant", "poly")
PRECISIONS = ("auto", "bf16", "fp16", "off")


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """How a training steps.

    Attributes:
        batch: Samples of one step of the optimiser, over all parts and ranks together.
        steps: Of the optimiser.
        learning_rate: The highest rate, of the backbone where `head_rate` is not 1.
        head_rate: Factor on the rate of everything but the backbone; 10 in Khan & Shahin 2019.
        weight_decay: Decoupled for "adamw", an L2 penalty for "adam" and "sgd"; never of biases and norms.
        optimizer: "adamw", "adam" or "sgd".
        betas: Of Adam.
        momentum: Of "sgd".
        nesterov: Whether the momentum of "sgd" is Nesterov's.
        schedule: After the warm-up: "cosine" to a hundredth, "constant", or "poly", (1 - share of the steps) ** power.
        power: Of "poly".
        warm_up: Steps in which the rate rises in a straight line.
        accumulate: Parts in which a batch goes through the network, where all of it does not fit. What is computed
            over a batch (batch norm, class balance, Dice over a batch) is then computed over a part.
        precision: "auto" (bf16 or fp16 on a GPU, "off" on a CPU), "bf16", "fp16" or "off" (all in float32).
        clip: Largest norm of the gradient; 0 does not clip.
        ema: Decay of the running mean of the weights, which is what is validated and kept; 0 for the weights
            themselves.
        fixed_norms: Scale and shift of the backbone's norms are not trained (DEXTR); their statistics are.
        validate_every: Steps between validations.
        save_every: Steps between two savings of the state, which is what a killed run goes on from.
        report_every: Steps between two lines of the log with the mean loss since the last.
        metric: What of the validation is maximised: "mean" over the columns, or "worst", the lowest column.
        seed: Of the first weights and of all samples.
        device: "auto", "cpu" or "cuda".
        threads: Of the CPU; 0 leaves them as they are.
        workers: Processes that make samples; 0 makes them in between.
        memory_gib: Images stay in memory up to this much, per worker its share; others are read again when needed.
            Below 0: all stay.
        tensorboard: Also write event files, if the package is there.
    """

    batch: int = 8
    steps: int = 2000
    learning_rate: float = 1e-3
    head_rate: float = 1.0
    weight_decay: float = 1e-2
    optimizer: str = "adamw"
    betas: tuple[float, ...] = (0.9, 0.999)
    momentum: float = 0.9
    nesterov: bool = False
    schedule: str = "cosine"
    power: float = 0.9
    warm_up: int = 50
    accumulate: int = 1
    precision: str = "auto"
    clip: float = 5.0
    ema: float = 0.998
    fixed_norms: bool = False
    validate_every: int = 500
    save_every: int = 100
    report_every: int = 50
    metric: str = "mean"
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    workers: int = 1
    memory_gib: float = -1.0
    tensorboard: bool = True

    def __post_init__(self) -> None:
        for key in ("batch", "steps", "validate_every", "save_every", "report_every", "accumulate"):
            check(getattr(self, key) >= 1, key, getattr(self, key), "at least 1")
        for key in ("weight_decay", "warm_up", "clip", "power", "seed", "threads", "workers"):
            check(getattr(self, key) >= 0, key, getattr(self, key), "at least 0")
        for key in ("learning_rate", "head_rate"):
            check(getattr(self, key) > 0, key, getattr(self, key), "above 0")
        for key in ("ema", "momentum"):
            check(0 <= getattr(self, key) < 1, key, getattr(self, key), "from 0 to below 1")
        betas = len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)
        check(betas, "betas", self.betas, "two numbers from 0 to below 1")
        check(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, f"one of {OPTIMIZERS}")
        check(self.schedule in SCHEDULES, "schedule", self.schedule, f"one of {SCHEDULES}")
        check(self.precision in PRECISIONS, "precision", self.precision, f"one of {PRECISIONS}")
        check(not self.nesterov or self.momentum > 0, "nesterov", self.nesterov, "false without momentum")
        check(self.batch % self.accumulate == 0, "accumulate", self.accumulate, f"a divisor of {self.batch}")
