"""Make columns that a regressor without a memory can forecast from."""

from skchaos.preprocessing._delay_embedding import DelayEmbedding

__all__ = ["DelayEmbedding"]
