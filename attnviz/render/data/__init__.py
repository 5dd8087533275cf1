"""Data formats: JSON, CSV, Parquet, npz and safetensors."""
