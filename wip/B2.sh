cd REPO; export OMP_NUM_THREADS=1 PYTHONPATH=REPO; P=.venv/bin/python
set -x
$P -m course_lib.lessons.lesson14.measure_calls
$P -m course_lib.lessons.lesson10.measure_steps
$P -m course_lib.lessons.lesson14.measure_one_step --work /tmp/NAME/onestep
$P -m course_lib.lessons.shared.ship_weights --flow /tmp/NAME/b3/flow --ddpm /tmp/NAME/b3/ddpm --note "$(cat /tmp/NAME/note.txt)"
echo B-DONE; date
