"""Fine-tuning the shipped net on sharp images of your own parts; the model is written only if it gains."""
